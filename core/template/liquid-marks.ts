/** What of a text is Liquid, as far as MJML and HTML need to know. */
const LIQUID = /\{\{[^]*?\}\}|\{%[^]*?%\}/g;

/** How much of a text is Liquid. Nobody writes more by hand, and reading it takes time with the square of it. */
export const MOST_LIQUID_PIECES = 500;
export const countLiquid = (text: string): number => text.match(LIQUID)?.length ?? 0;

/** One tag or output of Liquid, and the line where it begins. */
export type LiquidPiece = { readonly code: string; readonly line: number };

/**
 * Hides Liquid behind marks of letters and digits while MJML and HTML are worked on: they are text to everybody, in an address as
 * in an attribute, and nobody can take them for markup.
 */
export class LiquidMarks {
  readonly pieces: LiquidPiece[] = [];
  private readonly prefix: string;
  private readonly pattern: RegExp;

  /** `texts` are all that will be hidden: the marks are such as stand in none of them. */
  constructor(texts: readonly string[]) {
    let number = 0;
    while (texts.some((text) => text.includes(`lq${number}x`))) number += 1;
    this.prefix = `lq${number}x`;
    this.pattern = new RegExp(`${this.prefix}(\\d+)z`, 'g');
  }

  hide(text: string): string {
    return text.replace(LIQUID, (code, offset: number) => {
      this.pieces.push({ code, line: lineAt(text, offset) });
      return `${this.prefix}${this.pieces.length - 1}z`;
    });
  }

  restore(text: string): string {
    return text.replace(this.pattern, (mark, number: string) => this.pieces[Number(number)]?.code ?? mark);
  }

  /** The pieces whose marks stand in a text, in their order there. */
  in(text: string): LiquidPiece[] {
    return [...text.matchAll(this.pattern)].flatMap(([, number]) => this.pieces[Number(number)] ?? []);
  }
}

/** The line, from 1, of a place in a text. */
export const lineAt = (text: string, offset: number): number => text.slice(0, offset).split('\n').length;
