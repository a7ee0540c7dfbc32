import { z } from 'zod';

import { DURATION_PATTERN } from '../duration.ts';

/**
 * The kinds of value that configuration keys share. A field carries its description, its examples and its default here
 * and nowhere else: the parser, the JSON Schema, the reference page and the error messages are made from them.
 */

export function duration(description: string, example: string) {
  return z
    .string()
    .regex(DURATION_PATTERN)
    .meta({ description, examples: [example], format: 'duration' });
}

/** A name of something of ours: no spaces at the ends, no control characters. */
export function name(description: string, example: string) {
  return (
    z
      .string()
      .min(1)
      .max(128)
      // eslint-disable-next-line no-control-regex
      .regex(/^[^\s\u0000-\u001f\u007f](?:[^\u0000-\u001f\u007f]*[^\s\u0000-\u001f\u007f])?$/)
      .meta({ description, examples: [example] })
  );
}

export function text(description: string, example: string) {
  return z
    .string()
    .min(1)
    .meta({ description, examples: [example] });
}

/** A text that is a secret, or may hold one as addresses do: it is shown nowhere, also not when it is wrong. */
export function secret(description: string, example: string) {
  return z
    .string()
    .min(1)
    .meta({ description, examples: [example], writeOnly: true });
}

/** A path; relative ones count from the folder of the configuration file. */
export function path(description: string, example: string) {
  return z
    .string()
    .min(1)
    .meta({
      description: `${description} A relative path counts from the folder of the configuration file.`,
      examples: [example],
    });
}

export function secretFile(of: string) {
  return path(
    `File that holds the ${of}, e.g. a Docker or Kubernetes secret; a newline at its end is cut off. Instead of \`${of}\`.`,
    `/run/secrets/${of}`,
  );
}

export function port(description: string, example: number) {
  return z
    .int()
    .min(1)
    .max(65_535)
    .meta({ description, examples: [example] });
}

export function count(description: string, limits: { min: number; max: number; example: number }) {
  return z
    .int()
    .min(limits.min)
    .max(limits.max)
    .meta({ description, examples: [limits.example] });
}

/** A tolerated effect: a share or a distance between 0 and 1, neither included. */
export function effect(description: string, example: number) {
  return z
    .number()
    .gt(0)
    .lt(1)
    .meta({ description, examples: [example] });
}

/** One bare address: no display name, no list. */
export function mailAddress(description: string, example: string) {
  return z
    .string()
    .max(254)
    .regex(/^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/)
    .meta({ description, examples: [example] });
}

export function hostPort(description: string, example: string) {
  return z
    .string()
    .regex(/^(?:\[[0-9A-Fa-f:.]+\]|[^\s:/[\]]+):\d{1,5}$/)
    .meta({ description, examples: [example] });
}
