import { readdirSync, readFileSync } from 'node:fs';

const FOLDER = new URL('../../config/grafana/dashboards/', import.meta.url);

interface Target {
  readonly refId: string;
  readonly expr?: string;
  readonly rawSql?: string;
}

export interface Panel {
  readonly id: number;
  readonly title: string;
  readonly targets?: readonly Target[];
}

export interface Board {
  readonly title: string;
  readonly panels: readonly Panel[];
  readonly annotations: {
    readonly list: readonly { readonly name: string; readonly expr: string }[];
  };
  readonly templating: {
    readonly list?: readonly {
      readonly name: string;
      readonly query: { readonly query: string };
    }[];
  };
}

/** The committed dashboards, as Grafana reads them. */
export function dashboards(): Board[] {
  return readdirSync(FOLDER).map(
    (file) => JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as Board,
  );
}

/** A query of a variable, `label_values(SELECTOR, LABEL)`, taken apart. */
export function labelValues(query: string): { readonly selector: string; readonly label: string } {
  const [, selector = '', label = ''] = /^label_values\((.*), (\w+)\)$/.exec(query) ?? [];
  if (label === '') throw new Error(`${query} is no label_values(SELECTOR, LABEL)`);
  return { selector, label };
}
