/** Rows in the text format of COPY. */
const SPECIAL = /[\\\t\n\r]/g;
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

function copyField(value: string | number | undefined): string {
  if (value === undefined) return '\\N';
  return typeof value === 'number' ? String(value) : value.replace(SPECIAL, (character) => ESCAPES[character] ?? character);
}

export function copyRow(values: readonly (string | number | undefined)[]): string {
  return `${values.map(copyField).join('\t')}\n`;
}
