/*
 * Differential fuzzing of the decoder of native events: what is read off the bytes against JSON.parse, over generated and
 * mutated events. Ends at the first difference, with the event: npm run fuzz:decoder [-- --messages 1000000 --seed 1].
 */
import process from 'node:process';
import { parseArgs } from 'node:util';

import { DecoderPair } from './fuzz-decoder/decoder-pair.ts';
import { EventGrammar, mutate } from './fuzz-decoder/event-grammar.ts';

/** Messages that are made of one event. */
const FAMILY = 12;
/** Counts are compared after so many. */
const BLOCK = 50_000;

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
  },
});
const messages = Number(values.messages);
const grammar = new EventGrammar(Number(values.seed));
const pair = new DecoderPair();
const started = performance.now();
let text = grammar.event();
for (let i = 0; i < messages; i += 1) {
  // Events of producers are alike: some are made of the one before, so that plans are read along, too.
  if (i % FAMILY === 0) {
    text = grammar.event();
    pair.renewScanner();
  } else if (i % 2 === 0) text = grammar.sibling(text);
  const event = new TextEncoder().encode(text);
  pair.feed(i % 3 === 0 ? mutate(event, grammar) : event);
  if (i % BLOCK === BLOCK - 1) pair.compareCounts();
}
pair.compareCounts();
const { planned, scanned, parsed, rejected } = pair;
process.stdout.write(
  `${messages} messages in ${((performance.now() - started) / 1000).toFixed(1)} s, seed ${values.seed}: ${scanned} read off the bytes (${Math.round((100 * planned) / (3 * scanned))} % of the times along a plan), ${parsed} by JSON.parse, ${rejected} rejected; frames and counts are equal\n`,
);
