;; Reads the bytes of one event along a plan: the keys of its model as they were written last, in their order. Anything else
;; ends it, with -1, and the event is read by NativeScanner. scan-memory.ts says what lies where.
;;
;; An entry of a plan: bytes of its token, target, where the entries behind its object begin, bit of the part (4 bytes
;; each); then the token, up to a multiple of 8: all that stands between the comma or brace before it and its value.
(module
  (import "driftd" "memory" (memory 56 56))
  ;; What is rare or has no bound: values from `at` on for `target`. Both give where the value ends, or -1.
  (import "driftd" "otherNumber" (func $otherNumber (param $at i32) (param $target i32) (result i32)))
  (import "driftd" "otherValue" (func $otherValue (param $at i32) (param $target i32) (result i32)))

  ;; Targets: features by their index, texts (attributes, the version) from here on, and below 0
  (global $TEXTS i32 (i32.const 4096))
  (global $UNKNOWN i32 (i32.const -1))
  (global $IGNORED i32 (i32.const -2))
  (global $OBJECT i32 (i32.const -3))
  (global $ID i32 (i32.const -4))
  (global $TIME i32 (i32.const -5))
  (global $MODEL i32 (i32.const -6))
  (global $OUTCOME i32 (i32.const -7))

  ;; Where the next (target, slot) of a text that is kept goes.
  (global $found (mut i32) (i32.const 0))

  ;; The number of eight digits, the first one lowest, each 0 to 9.
  (func $eightDigits (param $x i64) (result i64)
    (local.set $x (i64.and
      (i64.shr_u (i64.mul (local.get $x) (i64.const 2561)) (i64.const 8))
      (i64.const 0x00ff00ff00ff00ff)))
    (local.set $x (i64.and
      (i64.shr_u (i64.mul (local.get $x) (i64.const 6553601)) (i64.const 16))
      (i64.const 0x0000ffff0000ffff)))
    (i64.shr_u (i64.mul (local.get $x) (i64.const 42949672960001)) (i64.const 32)))

  ;; Shifts out all but the lowest `n` bytes of 1 to 8; zeros come in below.
  (func $lowest (param $x i64) (param $n i32) (result i64)
    (i64.shl (local.get $x) (i64.extend_i32_u (i32.sub (i32.const 64) (i32.shl (local.get $n) (i32.const 3))))))

  ;; High bits of the bytes that are no digits, of eight bytes less '0'; those above the lowest may be wrong.
  (func $noDigits (param $x i64) (result i64)
    (i64.and
      (i64.or (i64.add (local.get $x) (i64.const 0x7676767676767676)) (local.get $x))
      (i64.const 0x8080808080808080)))

  ;; High bits of the bytes that are 0; those above the lowest may be wrong.
  (func $zeros (param $x i64) (result i64)
    (i64.and (i64.sub (local.get $x) (i64.const 0x0101010101010101)) (i64.xor (local.get $x) (i64.const -1))))

  ;; High bits of the bytes that end a text or cannot stand in one: a quote, a backslash, a control character.
  (func $noText (param $w i64) (result i64)
    (i64.and
      (i64.const 0x8080808080808080)
      (i64.or
        (i64.or
          (call $zeros (i64.xor (local.get $w) (i64.const 0x2222222222222222)))
          (call $zeros (i64.xor (local.get $w) (i64.const 0x5c5c5c5c5c5c5c5c))))
        (i64.and (i64.sub (local.get $w) (i64.const 0x2020202020202020)) (i64.xor (local.get $w) (i64.const -1))))))

  ;; The upper half of a * b.
  (func $highProduct (param $a i64) (param $b i64) (result i64)
    (local $aLow i64) (local $aHigh i64) (local $bLow i64) (local $bHigh i64) (local $cross i64) (local $mid i64)
    (local.set $aLow (i64.and (local.get $a) (i64.const 0xffffffff)))
    (local.set $aHigh (i64.shr_u (local.get $a) (i64.const 32)))
    (local.set $bLow (i64.and (local.get $b) (i64.const 0xffffffff)))
    (local.set $bHigh (i64.shr_u (local.get $b) (i64.const 32)))
    (local.set $cross (i64.add
      (i64.mul (local.get $aHigh) (local.get $bLow))
      (i64.shr_u (i64.mul (local.get $aLow) (local.get $bLow)) (i64.const 32))))
    (local.set $mid (i64.add
      (i64.mul (local.get $aLow) (local.get $bHigh))
      (i64.and (local.get $cross) (i64.const 0xffffffff))))
    (i64.add
      (i64.mul (local.get $aHigh) (local.get $bHigh))
      (i64.add (i64.shr_u (local.get $cross) (i64.const 32)) (i64.shr_u (local.get $mid) (i64.const 32)))))

  ;; m * 10^q as the nearest double (Lemire 2021, "Number parsing at a gigabyte per second"), for |q| <= 60 and m > 0, which
  ;; keeps away from subnormal numbers and infinity. At 8192: 5^q from q = -60 on, its 128 highest bits, the high half first.
  (func $decimal (param $m i64) (param $q i32) (result f64)
    (local $zeros i64) (local $w i64) (local $high i64) (local $low i64) (local $more i64) (local $upper i64)
    (local $shift i64) (local $mantissa i64) (local $power i64) (local $entry i32)
    (local.set $zeros (i64.clz (local.get $m)))
    (local.set $w (i64.shl (local.get $m) (local.get $zeros)))
    (local.set $entry (i32.shl (i32.add (local.get $q) (i32.const 60)) (i32.const 4)))
    (local.set $low (i64.mul (local.get $w) (i64.load offset=8192 (local.get $entry))))
    (local.set $high (call $highProduct (local.get $w) (i64.load offset=8192 (local.get $entry))))
    (if (i64.eq (i64.and (local.get $high) (i64.const 0x1ff)) (i64.const 0x1ff))
      (then
        (local.set $more (call $highProduct (local.get $w) (i64.load offset=8200 (local.get $entry))))
        (local.set $low (i64.add (local.get $low) (local.get $more)))
        (if (i64.gt_u (local.get $more) (local.get $low))
          (then (local.set $high (i64.add (local.get $high) (i64.const 1)))))))
    (local.set $upper (i64.shr_u (local.get $high) (i64.const 63)))
    (local.set $shift (i64.add (local.get $upper) (i64.const 9)))
    (local.set $mantissa (i64.shr_u (local.get $high) (local.get $shift)))
    ;; The exponent with its bias; of 5^q it is q * log2(5) rounded down.
    (local.set $power (i64.add
      (i64.extend_i32_s (i32.shr_s (i32.mul (i32.const 217706) (local.get $q)) (i32.const 16)))
      (i64.sub (i64.add (i64.const 1086) (local.get $upper)) (local.get $zeros))))
    ;; A product that is just between two doubles goes to the even one.
    (if (i64.le_u (local.get $low) (i64.const 1))
      (then (if (i32.and (i32.ge_s (local.get $q) (i32.const -4)) (i32.le_s (local.get $q) (i32.const 23)))
        (then (if (i64.eq (i64.and (local.get $mantissa) (i64.const 3)) (i64.const 1))
          (then (if (i64.eq (i64.shl (local.get $mantissa) (local.get $shift)) (local.get $high))
            (then (local.set $mantissa (i64.and (local.get $mantissa) (i64.const -2)))))))))))
    (local.set $mantissa (i64.shr_u
      (i64.add (local.get $mantissa) (i64.and (local.get $mantissa) (i64.const 1)))
      (i64.const 1)))
    (if (i64.ge_u (local.get $mantissa) (i64.const 0x20000000000000))
      (then
        (local.set $mantissa (i64.const 0x10000000000000))
        (local.set $power (i64.add (local.get $power) (i64.const 1)))))
    (f64.reinterpret_i64 (i64.or
      (i64.and (local.get $mantissa) (i64.const 0xfffffffffffff))
      (i64.shl (local.get $power) (i64.const 52)))))

  ;; A number from its first byte on, to NUMBERS at `index`. -1: it is none; `target` is for numbers of more than 19 digits
  ;; or far powers of ten.
  (func $number (param $from i32) (param $index i32) (param $target i32) (result i32)
    (local $at i32) (local $first i32) (local $m i64) (local $x i64) (local $ends i64) (local $n i32)
    (local $digits i32) (local $q i32) (local $sign i32) (local $exponent i32) (local $point i32) (local $value f64)
    (local.set $at (i32.add (local.get $from) (i32.eq (i32.load8_u (local.get $from)) (i32.const 0x2d))))
    (local.set $first (local.get $at))
    (loop $part
      (loop $digit
        (local.set $x (i64.xor (i64.load (local.get $at)) (i64.const 0x3030303030303030)))
        (local.set $ends (call $noDigits (local.get $x)))
        (if (i64.eqz (local.get $ends))
          (then
            (local.set $m (i64.add
              (i64.mul (local.get $m) (i64.const 100000000))
              (call $eightDigits (local.get $x))))
            (local.set $at (i32.add (local.get $at) (i32.const 8)))
            (br $digit))))
      (local.set $n (i32.wrap_i64 (i64.shr_u (i64.ctz (local.get $ends)) (i64.const 3))))
      (if (local.get $n)
        (then
          ;; At 256: 10^n as whole numbers.
          (local.set $m (i64.add
            (i64.mul (local.get $m) (i64.load offset=256 (i32.shl (local.get $n) (i32.const 3))))
            (call $eightDigits (call $lowest (local.get $x) (local.get $n)))))
          (local.set $at (i32.add (local.get $at) (local.get $n)))))
      (if (i32.eqz (local.get $point))
        (then
          (local.set $digits (i32.sub (local.get $at) (local.get $first)))
          ;; No digit, or a zero before others.
          (if (i32.eqz (local.get $digits)) (then (return (i32.const -1))))
          (if (i32.gt_u (local.get $digits) (i32.const 1))
            (then (if (i32.eq (i32.load8_u (local.get $first)) (i32.const 0x30)) (then (return (i32.const -1))))))
          (if (i32.eq (i32.load8_u (local.get $at)) (i32.const 0x2e))
            (then
              (local.set $at (i32.add (local.get $at) (i32.const 1)))
              (local.set $point (local.get $at))
              (br $part))))
        (else
          (local.set $q (i32.sub (local.get $point) (local.get $at)))
          (if (i32.eqz (local.get $q)) (then (return (i32.const -1))))
          (local.set $digits (i32.sub (local.get $digits) (local.get $q))))))
    (block $other
      (br_if $other (i32.gt_u (local.get $digits) (i32.const 19)))
      (if (i32.eq (i32.or (i32.load8_u (local.get $at)) (i32.const 0x20)) (i32.const 0x65))
        (then
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (local.set $sign (i32.load8_u (local.get $at)))
          (if (i32.or (i32.eq (local.get $sign) (i32.const 0x2d)) (i32.eq (local.get $sign) (i32.const 0x2b)))
            (then (local.set $at (i32.add (local.get $at) (i32.const 1)))))
          (local.set $x (i64.xor (i64.load (local.get $at)) (i64.const 0x3030303030303030)))
          (local.set $n (i32.wrap_i64 (i64.shr_u (i64.ctz (call $noDigits (local.get $x))) (i64.const 3))))
          (if (i32.eqz (local.get $n)) (then (return (i32.const -1))))
          (br_if $other (i32.gt_u (local.get $n) (i32.const 3)))
          (local.set $exponent (i32.wrap_i64 (call $eightDigits (call $lowest (local.get $x) (local.get $n)))))
          (local.set $at (i32.add (local.get $at) (local.get $n)))
          (local.set $q (i32.add (local.get $q)
            (select
              (i32.sub (i32.const 0) (local.get $exponent))
              (local.get $exponent)
              (i32.eq (local.get $sign) (i32.const 0x2d)))))))
      (if (i32.eqz (local.get $q))
        (then
          ;; Whole numbers beyond 2^63 are rare, and this would read them as negative.
          (br_if $other (i64.lt_s (local.get $m) (i64.const 0)))
          (local.set $value (f64.convert_i64_s (local.get $m))))
        (else
          (if (i32.and
                (i64.lt_u (local.get $m) (i64.const 0x20000000000000))
                (i32.and (i32.lt_s (local.get $q) (i32.const 0)) (i32.ge_s (local.get $q) (i32.const -22))))
            (then
              ;; Both are exact, so one rounding is right (Clinger 1990). At 0: 10^n as doubles.
              (local.set $value (f64.div
                (f64.convert_i64_s (local.get $m))
                (f64.load (i32.shl (i32.sub (i32.const 0) (local.get $q)) (i32.const 3))))))
            (else
              (br_if $other (i32.gt_u (i32.add (local.get $q) (i32.const 60)) (i32.const 120)))
              (br_if $other (i64.eqz (local.get $m)))
              (local.set $value (call $decimal (local.get $m) (local.get $q)))))))
      (if (i32.ne (local.get $from) (local.get $first)) (then (local.set $value (f64.neg (local.get $value)))))
      (f64.store offset=24576 (i32.shl (local.get $index) (i32.const 3)) (local.get $value))
      (return (local.get $at)))
    (call $otherNumber (local.get $from) (local.get $target)))

  ;; Where the closing quote is of an ASCII text whose opening quote is at `at`; -1: not as usual.
  (func $asciiEnd (param $at i32) (result i32)
    (local $to i32) (local $w i64) (local $ends i64)
    (local.set $to (i32.add (local.get $at) (i32.const 1)))
    (loop $text
      (local.set $w (i64.load (local.get $to)))
      (local.set $ends (i64.or
        (call $noText (local.get $w))
        (i64.and (local.get $w) (i64.const 0x8080808080808080))))
      (if (i64.eqz (local.get $ends))
        (then
          (local.set $to (i32.add (local.get $to) (i32.const 8)))
          (br $text))))
    (local.set $to (i32.add (local.get $to) (i32.wrap_i64 (i64.shr_u (i64.ctz (local.get $ends)) (i64.const 3)))))
    (if (i32.ne (i32.load8_u (local.get $to)) (i32.const 0x22)) (then (return (i32.const -1))))
    ;; LIMITS.stringBytes
    (if (i32.gt_u (i32.sub (local.get $to) (local.get $at)) (i32.const 8193)) (then (return (i32.const -1))))
    (local.get $to))

  ;; The text of the slot at 1024 is what `target` has.
  (func $note (param $target i32)
    (i32.store (global.get $found) (local.get $target))
    (i32.store offset=4 (global.get $found) (i32.load offset=1024 (i32.const 0)))
    (global.set $found (i32.add (global.get $found) (i32.const 8))))

  ;; A value that otherValue knows; the slot is then that of its text, or -1: it has none.
  (func $other (param $at i32) (param $target i32) (result i32)
    (local $end i32)
    (local.set $end (call $otherValue (local.get $at) (local.get $target)))
    (if (i32.ge_s (i32.load offset=1024 (i32.const 0)) (i32.const 0)) (then (call $note (local.get $target))))
    (local.get $end))

  ;; A text from its opening quote on: one that is kept is noted as found, the others are otherValue's.
  (func $text (param $at i32) (param $target i32) (result i32)
    (local $from i32) (local $to i32) (local $w i64) (local $ends i64) (local $hash i64) (local $slot i32)
    (local $kept i32) (local $length i32) (local $rest i32)
    (local.set $from (i32.add (local.get $at) (i32.const 1)))
    (local.set $to (local.get $from))
    (loop $words
      (local.set $w (i64.load (local.get $to)))
      (local.set $ends (call $noText (local.get $w)))
      (if (i64.eqz (local.get $ends))
        (then
          (local.set $hash (i64.mul (i64.xor (local.get $hash) (local.get $w)) (i64.const 0x9e3779b97f4a7c15)))
          (local.set $hash (i64.xor (local.get $hash) (i64.shr_u (local.get $hash) (i64.const 32))))
          (local.set $to (i32.add (local.get $to) (i32.const 8)))
          (br $words))))
    (local.set $rest (i32.wrap_i64 (i64.shr_u (i64.ctz (local.get $ends)) (i64.const 3))))
    (if (local.get $rest)
      (then (local.set $hash (i64.xor (local.get $hash) (call $lowest (local.get $w) (local.get $rest))))))
    (local.set $hash (i64.mul (local.get $hash) (i64.const 0x9e3779b97f4a7c15)))
    (local.set $to (i32.add (local.get $to) (local.get $rest)))
    (if (i32.ne (i32.load8_u (local.get $to)) (i32.const 0x22))
      (then
        ;; An escape, or what cannot be in a text
        (if (i32.eq (i32.load8_u (local.get $to)) (i32.const 0x5c))
          (then (return (call $other (local.get $at) (local.get $target)))))
        (return (i32.const -1))))
    (local.set $length (i32.sub (local.get $to) (local.get $from)))
    (local.set $slot (i32.wrap_i64 (i64.shr_u (local.get $hash) (i64.const 52))))
    ;; At 1024: the slot, for otherValue to keep the text there. At 36864 its length, at 53248 its 48 bytes.
    (i32.store offset=1024 (i32.const 0) (local.get $slot))
    (block $other
      (br_if $other (i32.ne
        (i32.load offset=36864 (i32.shl (local.get $slot) (i32.const 2)))
        (local.get $length)))
      (local.set $kept (i32.mul (local.get $slot) (i32.const 48)))
      (loop $compare
        (if (i32.le_u (i32.add (local.get $from) (i32.const 8)) (local.get $to))
          (then
            (br_if $other (i64.ne (i64.load (local.get $from)) (i64.load offset=53248 (local.get $kept))))
            (local.set $from (i32.add (local.get $from) (i32.const 8)))
            (local.set $kept (i32.add (local.get $kept) (i32.const 8)))
            (br $compare))))
      (if (local.get $rest)
        (then (br_if $other (i64.ne
          (call $lowest (i64.load (local.get $from)) (local.get $rest))
          (call $lowest (i64.load offset=53248 (local.get $kept)) (local.get $rest))))))
      (call $note (local.get $target))
      (return (i32.add (local.get $to) (i32.const 1))))
    (call $other (local.get $at) (local.get $target)))

  ;; A value of a feature from its first byte on.
  (func $feature (param $at i32) (param $target i32) (result i32)
    (local $c i32) (local $word i32)
    (local.set $c (i32.load8_u (local.get $at)))
    (if (i32.or
          (i32.lt_u (i32.sub (local.get $c) (i32.const 0x30)) (i32.const 10))
          (i32.eq (local.get $c) (i32.const 0x2d)))
      (then
        ;; At 20480: SLOTS. 2: a number, 3: a text, 4: a boolean, 1: missing.
        (i32.store8 offset=20480 (local.get $target) (i32.const 2))
        (return (call $number (local.get $at) (local.get $target) (local.get $target)))))
    (if (i32.eq (local.get $c) (i32.const 0x22))
      (then
        (i32.store8 offset=20480 (local.get $target) (i32.const 3))
        (return (call $text (local.get $at) (local.get $target)))))
    (local.set $word (i32.load (local.get $at)))
    (if (i32.eq (local.get $word) (i32.const 0x6c6c756e))
      (then
        (i32.store8 offset=20480 (local.get $target) (i32.const 1))
        (return (i32.add (local.get $at) (i32.const 4)))))
    (i32.store8 offset=20480 (local.get $target) (i32.const 4))
    (if (i32.eq (local.get $word) (i32.const 0x65757274))
      (then
        (f64.store offset=24576 (i32.shl (local.get $target) (i32.const 3)) (f64.const 1))
        (return (i32.add (local.get $at) (i32.const 4)))))
    (f64.store offset=24576 (i32.shl (local.get $target) (i32.const 3)) (f64.const 0))
    (if (i32.eq (local.get $word) (i32.const 0x736c6166))
      (then (if (i32.eq (i32.load8_u offset=4 (local.get $at)) (i32.const 0x65))
        (then (return (i32.add (local.get $at) (i32.const 5)))))))
    (i32.const -1))

  ;; Passes over a value. What is no ASCII may be no text; what is nested is others' to read.
  (func $pass (param $at i32) (param $target i32) (result i32)
    (local $end i32) (local $c i32)
    (local.set $c (i32.load8_u (local.get $at)))
    (if (i32.eq (i32.or (local.get $c) (i32.const 0x20)) (i32.const 0x7b))
      (then (return (call $otherValue (local.get $at) (local.get $target)))))
    (if (i32.ne (local.get $c) (i32.const 0x22))
      (then
        ;; Whatever it is, to a place that nobody reads.
        (return (call $feature (local.get $at) (i32.const 1023)))))
    (local.set $end (call $asciiEnd (local.get $at)))
    (if (i32.lt_s (local.get $end) (i32.const 0)) (then (return (call $otherValue (local.get $at) (local.get $target)))))
    (i32.add (local.get $end) (i32.const 1)))

  ;; The id or the time: a text is left where it is, a number goes to NUMBERS. Of four numbers at `into`: 1: a text, 2: a
  ;; number, 3: null; where the text begins and ends; the number's index.
  (func $head (param $at i32) (param $into i32) (result i32)
    (local $c i32) (local $end i32)
    (local.set $c (i32.load8_u (local.get $at)))
    (if (i32.eq (local.get $c) (i32.const 0x22))
      (then
        (local.set $end (call $asciiEnd (local.get $at)))
        (if (i32.lt_s (local.get $end) (i32.const 0)) (then (return (i32.const -1))))
        (i32.store (local.get $into) (i32.const 1))
        (i32.store offset=4 (local.get $into) (i32.add (local.get $at) (i32.const 1)))
        (i32.store offset=8 (local.get $into) (local.get $end))
        (return (i32.add (local.get $end) (i32.const 1)))))
    (if (i32.eq (i32.load (local.get $at)) (i32.const 0x6c6c756e))
      (then
        (i32.store (local.get $into) (i32.const 3))
        (return (i32.add (local.get $at) (i32.const 4)))))
    (if (i32.and
          (i32.ge_u (i32.sub (local.get $c) (i32.const 0x30)) (i32.const 10))
          (i32.ne (local.get $c) (i32.const 0x2d)))
      (then (return (i32.const -1))))
    (i32.store (local.get $into) (i32.const 2))
    (call $number (local.get $at) (i32.load offset=12 (local.get $into)) (i32.load offset=12 (local.get $into))))

  ;; The value of an entry that is no object.
  (func $value (param $at i32) (param $target i32) (result i32)
    (if (i32.ge_s (local.get $target) (global.get $TEXTS))
      (then
        (if (i32.eq (i32.load8_u (local.get $at)) (i32.const 0x22))
          (then (return (call $text (local.get $at) (local.get $target)))))
        (return (call $other (local.get $at) (local.get $target)))))
    ;; Its value is in the token.
    (if (i32.eq (local.get $target) (global.get $MODEL)) (then (return (local.get $at))))
    ;; At 1040 and 1056.
    (if (i32.eq (local.get $target) (global.get $ID)) (then (return (call $head (local.get $at) (i32.const 1040)))))
    (if (i32.eq (local.get $target) (global.get $TIME)) (then (return (call $head (local.get $at) (i32.const 1056)))))
    (if (i32.or
          (i32.eq (local.get $target) (global.get $UNKNOWN))
          (i32.eq (local.get $target) (global.get $OUTCOME)))
      (then (i32.store offset=1032 (i32.const 0) (i32.add (i32.load offset=1032 (i32.const 0)) (i32.const 1)))))
    (call $pass (local.get $at) (local.get $target)))

  ;; Behind white space.
  (func $space (param $at i32) (result i32)
    (local $c i32)
    (loop $more
      (local.set $c (i32.load8_u (local.get $at)))
      (if (i32.or
            (i32.or (i32.eq (local.get $c) (i32.const 0x20)) (i32.eq (local.get $c) (i32.const 0x0a)))
            (i32.or (i32.eq (local.get $c) (i32.const 0x0d)) (i32.eq (local.get $c) (i32.const 0x09))))
        (then
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br $more))))
    (local.get $at))

  ;; An event from behind its opening brace on, along the entries in [entry, planEnd). Where it ends; -1: not as planned.
  (func (export "scan") (param $at i32) (param $entry i32) (param $planEnd i32) (result i32)
    (local $stop i32) (local $token i32) (local $next i32) (local $length i32) (local $target i32)
    (local $here i32) (local $left i32) (local $keys i32) (local $c i32) (local $parts i32) (local $inside i32)
    (global.set $found (i32.const 10240))
    (i32.store offset=1032 (i32.const 0) (i32.const 0))
    (i32.store offset=1040 (i32.const 0) (i32.const 0))
    (i32.store offset=1056 (i32.const 0) (i32.const 0))
    (i32.store offset=1076 (i32.const 0) (i32.const 0))
    ;; The end of the entries of the object that is being read.
    (local.set $stop (local.get $planEnd))
    (loop $key
      (block $matched
        (loop $match
          (if (i32.ge_u (local.get $entry) (local.get $stop))
            (then
              ;; At 1076: the key that is not as planned.
              (i32.store offset=1076 (i32.const 0) (local.get $at))
              (return (i32.const -1))))
          (local.set $length (i32.load (local.get $entry)))
          (local.set $token (i32.add (local.get $entry) (i32.const 16)))
          (local.set $next (i32.add
            (local.get $token)
            (i32.and (i32.add (local.get $length) (i32.const 7)) (i32.const -8))))
          (local.set $here (local.get $at))
          (local.set $left (local.get $length))
          (block $mismatch
            (block $rest
              (loop $words
                (br_if $rest (i32.le_u (local.get $left) (i32.const 8)))
                (br_if $mismatch (i64.ne (i64.load (local.get $here)) (i64.load (local.get $token))))
                (local.set $here (i32.add (local.get $here) (i32.const 8)))
                (local.set $token (i32.add (local.get $token) (i32.const 8)))
                (local.set $left (i32.sub (local.get $left) (i32.const 8)))
                (br $words)))
            (br_if $matched (i64.eqz (call $lowest
              (i64.xor (i64.load (local.get $here)) (i64.load (local.get $token)))
              (local.get $left)))))
          ;; Left out, perhaps, with all that is in it.
          (if (i32.eq (i32.load offset=4 (local.get $entry)) (global.get $OBJECT))
            (then (local.set $next (i32.load offset=8 (local.get $entry)))))
          (local.set $entry (local.get $next))
          (br $match)))
      (local.set $at (i32.add (local.get $at) (local.get $length)))
      (local.set $keys (i32.add (local.get $keys) (i32.const 1)))
      (local.set $target (i32.load offset=4 (local.get $entry)))
      (block $read
        (if (i32.lt_u (local.get $target) (global.get $TEXTS))
          (then (local.set $at (call $feature (local.get $at) (local.get $target))))
          (else
            (local.set $parts (i32.or (local.get $parts) (i32.load offset=12 (local.get $entry))))
            (if (i32.eq (local.get $target) (global.get $OBJECT))
              (then
                ;; Its token ends with the brace. Objects are not in each other.
                (local.set $stop (i32.load offset=8 (local.get $entry)))
                (local.set $inside (i32.const 1))
                (local.set $entry (local.get $next))
                (local.set $c (i32.load8_u (call $space (local.get $at))))
                ;; With a key it goes on, without one it is read here.
                (br_if $key (i32.ne (local.get $c) (i32.const 0x7d)))
                (local.set $next (local.get $entry))
                (br $read)))
            (local.set $at (call $value (local.get $at) (local.get $target)))))
        (if (i32.lt_s (local.get $at) (i32.const 0)) (then (return (i32.const -1)))))
      (local.set $entry (local.get $next))
      (local.set $c (i32.load8_u (local.get $at)))
      (if (i32.ne (local.get $c) (i32.const 0x2c))
        (then
          (local.set $at (call $space (local.get $at)))
          (local.set $c (i32.load8_u (local.get $at)))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $key (i32.eq (local.get $c) (i32.const 0x2c)))
      (if (i32.ne (local.get $c) (i32.const 0x7d)) (then (return (i32.const -1))))
      ;; The end of an object in the event, and what follows it.
      (if (local.get $inside)
        (then
          (local.set $inside (i32.const 0))
          (local.set $entry (local.get $stop))
          (local.set $stop (local.get $planEnd))
          (local.set $at (call $space (local.get $at)))
          (local.set $c (i32.load8_u (local.get $at)))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br_if $key (i32.eq (local.get $c) (i32.const 0x2c)))
          (if (i32.ne (local.get $c) (i32.const 0x7d)) (then (return (i32.const -1)))))))
    ;; At 1028: how many keys there were; at 1036: where `found` ends; at 1072: the parts that there were.
    (i32.store offset=1028 (i32.const 0) (local.get $keys))
    (i32.store offset=1036 (i32.const 0) (global.get $found))
    (i32.store offset=1072 (i32.const 0) (local.get $parts))
    (local.get $at)))
