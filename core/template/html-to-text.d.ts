/** Of html-to-text, which has no types, what is used. */
declare module 'html-to-text' {
  type Selector = { readonly selector: string; readonly format?: string; readonly options?: Readonly<Record<string, unknown>> };
  export function compile(options: { readonly wordwrap: false; readonly selectors: readonly Selector[] }): (html: string) => string;
}
