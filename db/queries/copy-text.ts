const SPECIAL = /[\\\t\n\r]/g;
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

/** A row in the text format of COPY, with its line end. What is undefined is null. */
export function copyRow(values: readonly (string | number | undefined)[]): string {
  let row = '';
  for (const value of values) row += (row === '' ? '' : '\t') + copyField(value);
  return `${row}\n`;
}

function copyField(value: string | number | undefined): string {
  if (value === undefined) return '\\N';
  return typeof value === 'number' ? String(value) : value.replace(SPECIAL, (character) => ESCAPES[character] ?? character);
}
