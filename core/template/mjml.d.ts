/** Of MJML, which has no types for its asynchronous version, what is used. */
declare module 'mjml' {
  type Options = {
    /** What is not valid is thrown: an error with a list of `errors`. */
    readonly validationLevel: 'strict';
    readonly ignoreIncludes: true;
    readonly fonts: Readonly<Record<string, string>>;
  };
  export type MjmlFault = { readonly line: number; readonly message: string; readonly tagName: string };
  export default function mjml2html(source: string, options: Options): Promise<{ readonly html: string }>;
}
