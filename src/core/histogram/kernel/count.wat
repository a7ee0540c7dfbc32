;; Counts one numeric feature of many rows, to the bit as addNumber does one after another: the same operations in the same
;; order, and no others. count-memory.ts says what lies where.
;;
;; A table is what there is to know of a binning: low, scale and cells of the grid of a BinIndex (8 bytes each), how many
;; edges there are, where `start` and the places of the tails are, cells again (4 bytes each); then the edges.
(module
  (import "driftd" "memory" (memory 74 74))

  ;; Where the sums are (8 bytes each: sum, sumSquares, min, max), and behind them what is counted (4 bytes each: observed,
  ;; missing, invalid, zero, negative, integer, infinite).
  (global $SUMS i32 (i32.const 1024))
  (global $ORDER i32 (i32.const 4096))
  (global $COUNTS i32 (i32.const 16384))
  (global $TAIL_SUMS i32 (i32.const 49152))
  (global $SLOTS i32 (i32.const 65536))
  (global $NUMBERS i32 (i32.const 131072))

  ;; Slots, as SLOT has them
  (global $ABSENT i32 (i32.const 0))
  (global $MISSING i32 (i32.const 1))
  (global $NUMBER i32 (i32.const 2))

  (global $CROWDED i32 (i32.const 0x8000))

  ;; How many of the edges in [low, high) and before them are below the value: a binary search.
  (func $search (param $edges i32) (param $value f64) (param $low i32) (param $high i32) (result i32)
    (local $middle i32)
    (block $found
      (loop $halve
        (br_if $found (i32.ge_u (local.get $low) (local.get $high)))
        (local.set $middle (i32.shr_u (i32.add (local.get $low) (local.get $high)) (i32.const 1)))
        (if (f64.lt
              (f64.load (i32.add (local.get $edges) (i32.shl (local.get $middle) (i32.const 3))))
              (local.get $value))
          (then (local.set $low (i32.add (local.get $middle) (i32.const 1))))
          (else (local.set $high (local.get $middle))))
        (br $halve)))
    (local.get $low))

  ;; Edges before a cell.
  (func $before (param $start i32) (param $cell i32) (result i32)
    (i32.and
      (i32.load16_u (i32.add (local.get $start) (i32.shl (local.get $cell) (i32.const 1))))
      (i32.const 0x7fff)))

  ;; The bin of a value that is not in the grid.
  (func $beyond (param $table i32) (param $value f64) (param $scaled f64) (result i32)
    (local $edges i32) (local $count i32) (local $start i32) (local $cells i32)
    (local.set $edges (i32.add (local.get $table) (i32.const 40)))
    (local.set $count (i32.load offset=24 (local.get $table)))
    (local.set $start (i32.load offset=28 (local.get $table)))
    (local.set $cells (i32.load offset=36 (local.get $table)))
    (if (i32.eqz (local.get $cells))
      (then (return (call $search (local.get $edges) (local.get $value) (i32.const 0) (local.get $count)))))
    (if (f64.lt (local.get $scaled) (f64.const 0))
      (then (return (call $search (local.get $edges) (local.get $value)
        (i32.const 0) (call $before (local.get $start) (i32.const 0))))))
    (call $search (local.get $edges) (local.get $value)
      (call $before (local.get $start) (local.get $cells)) (local.get $count)))

  ;; @param feature its index in a row, @param width features of a row, @param rows how many there are in ORDER, above 0
  (func (export "count") (param $table i32) (param $feature i32) (param $width i32) (param $rows i32)
    (local $low f64) (local $scale f64) (local $cells f64) (local $edges i32) (local $start i32) (local $places i32)
    (local $order i32) (local $slots i32) (local $numbers i32) (local $at i32) (local $slot i32)
    (local $value f64) (local $scaled f64) (local $from i32) (local $bin i32) (local $p i32)
    (local $sum f64) (local $sumSquares f64) (local $min f64) (local $max f64)
    (local $observed i32) (local $missing i32) (local $invalid i32)
    (local $zero i32) (local $negative i32) (local $integer i32) (local $infinite i32)

    (local.set $low (f64.load (local.get $table)))
    (local.set $scale (f64.load offset=8 (local.get $table)))
    (local.set $cells (f64.load offset=16 (local.get $table)))
    (local.set $start (i32.load offset=28 (local.get $table)))
    (local.set $places (i32.load offset=32 (local.get $table)))
    (local.set $edges (i32.add (local.get $table) (i32.const 40)))
    (local.set $order (global.get $ORDER))
    (local.set $slots (i32.add (global.get $SLOTS) (local.get $feature)))
    (local.set $numbers (i32.add (global.get $NUMBERS) (i32.shl (local.get $feature) (i32.const 3))))
    (local.set $sum (f64.load (global.get $SUMS)))
    (local.set $sumSquares (f64.load offset=8 (global.get $SUMS)))
    (local.set $min (f64.load offset=16 (global.get $SUMS)))
    (local.set $max (f64.load offset=24 (global.get $SUMS)))

    (loop $row
      (local.set $at (i32.mul (i32.load16_u (local.get $order)) (local.get $width)))
      (local.set $order (i32.add (local.get $order) (i32.const 2)))
      (local.set $slot (i32.load8_u (i32.add (local.get $slots) (local.get $at))))
      (block $next
        (if (i32.ne (local.get $slot) (global.get $NUMBER))
          (then
            (br_if $next (i32.eq (local.get $slot) (global.get $ABSENT)))
            (local.set $observed (i32.add (local.get $observed) (i32.const 1)))
            (if (i32.eq (local.get $slot) (global.get $MISSING))
              (then (local.set $missing (i32.add (local.get $missing) (i32.const 1))))
              (else (local.set $invalid (i32.add (local.get $invalid) (i32.const 1)))))
            (br $next)))
        (local.set $observed (i32.add (local.get $observed) (i32.const 1)))
        (local.set $value (f64.load (i32.add (local.get $numbers) (i32.shl (local.get $at) (i32.const 3)))))

        (local.set $scaled (f64.mul (f64.sub (local.get $value) (local.get $low)) (local.get $scale)))
        (if (i32.and
              (f64.ge (local.get $scaled) (f64.const 0))
              (f64.lt (local.get $scaled) (local.get $cells)))
          (then
            (local.set $p
              (i32.add (local.get $start) (i32.shl (i32.trunc_f64_u (local.get $scaled)) (i32.const 1))))
            (local.set $from (i32.load16_u (local.get $p)))
            (if (i32.ge_u (local.get $from) (global.get $CROWDED))
              (then
                (local.set $bin (call $search (local.get $edges) (local.get $value)
                  (call $before (local.get $p) (i32.const 0)) (call $before (local.get $p) (i32.const 1)))))
              (else
                (local.set $p (i32.add (local.get $edges) (i32.shl (local.get $from) (i32.const 3))))
                (local.set $bin (i32.add (local.get $from)
                  (i32.add
                    (f64.lt (f64.load (local.get $p)) (local.get $value))
                    (f64.lt (f64.load offset=8 (local.get $p)) (local.get $value))))))))
          (else
            ;; NaN has no bin
            (if (f64.ne (local.get $value) (local.get $value))
              (then
                (local.set $invalid (i32.add (local.get $invalid) (i32.const 1)))
                (br $next)))
            (local.set $bin (call $beyond (local.get $table) (local.get $value) (local.get $scaled)))))

        (local.set $p (i32.add (global.get $COUNTS) (i32.shl (local.get $bin) (i32.const 3))))
        (f64.store (local.get $p) (f64.add (f64.load (local.get $p)) (f64.const 1)))
        (local.set $negative (i32.add (local.get $negative) (f64.lt (local.get $value) (f64.const 0))))
        (if (f64.eq (f64.abs (local.get $value)) (f64.const inf))
          (then
            (local.set $infinite (i32.add (local.get $infinite) (i32.const 1)))
            (br $next)))
        (local.set $zero (i32.add (local.get $zero) (f64.eq (local.get $value) (f64.const 0))))
        (local.set $integer
          (i32.add (local.get $integer) (f64.eq (f64.trunc (local.get $value)) (local.get $value))))
        (local.set $sum (f64.add (local.get $sum) (local.get $value)))
        (local.set $sumSquares
          (f64.add (local.get $sumSquares) (f64.mul (local.get $value) (local.get $value))))
        ;; + 0: a negative zero is a zero here too
        (if (f64.lt (local.get $value) (local.get $min))
          (then (local.set $min (f64.add (local.get $value) (f64.const 0)))))
        (if (f64.gt (local.get $value) (local.get $max))
          (then (local.set $max (f64.add (local.get $value) (f64.const 0)))))
        (local.set $from
          (i32.load16_s (i32.add (local.get $places) (i32.shl (local.get $bin) (i32.const 1)))))
        (if (i32.ge_s (local.get $from) (i32.const 0))
          (then
            (local.set $p (i32.add (global.get $TAIL_SUMS) (i32.shl (local.get $from) (i32.const 3))))
            (f64.store (local.get $p) (f64.add (f64.load (local.get $p)) (local.get $value))))))
      (local.set $rows (i32.sub (local.get $rows) (i32.const 1)))
      (br_if $row (local.get $rows)))

    (f64.store (global.get $SUMS) (local.get $sum))
    (f64.store offset=8 (global.get $SUMS) (local.get $sumSquares))
    (f64.store offset=16 (global.get $SUMS) (local.get $min))
    (f64.store offset=24 (global.get $SUMS) (local.get $max))
    (i32.store offset=32 (global.get $SUMS) (local.get $observed))
    (i32.store offset=36 (global.get $SUMS) (local.get $missing))
    (i32.store offset=40 (global.get $SUMS) (local.get $invalid))
    (i32.store offset=44 (global.get $SUMS) (local.get $zero))
    (i32.store offset=48 (global.get $SUMS) (local.get $negative))
    (i32.store offset=52 (global.get $SUMS) (local.get $integer))
    (i32.store offset=56 (global.get $SUMS) (local.get $infinite))))
