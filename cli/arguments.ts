import { InvalidArgumentError } from 'commander';

/** Lets commander say, with the option's name, what is wrong with an argument. */
export function argument<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
    }
  };
}

/** A name that people give: kept in the database, so it must be storable. */
export function parseName(text: string): string {
  if (text.trim() === '' || text.length > 255 || text.includes('\0') || !text.isWellFormed()) {
    throw new RangeError('1 to 255 characters are expected');
  }
  return text;
}
