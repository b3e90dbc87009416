import { ImportError } from '../error.ts';

/* Tokens of the protobuf text format, each with its place. */

export interface Place {
  readonly line: number;
  readonly column: number;
}
export interface Token extends Place {
  readonly kind: 'word' | 'number' | 'string' | 'mark' | 'end';
  readonly text: string;
}

/** An error in a text file: one sentence with line and column. */
export function syntaxError(file: string, at: Place, message: string): ImportError {
  return new ImportError('not-a-model', `${file}, line ${at.line}, column ${at.column}: ${message}.`);
}

const TOKEN =
  /(?<blank>[ \t\r\v\f]+|#[^\n]*)|(?<newline>\n)|(?<word>[A-Za-z_][A-Za-z0-9_]*)|(?<number>(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[fF]?)(?![A-Za-z0-9_.]))|(?<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|(?<mark>[{}<>[\]:,;/.-])/y;

/** Splits a text into tokens; the last one is of kind `end`. */
export function tokenize(text: string, file: string): Token[] {
  const out: Token[] = [];
  let line = 1;
  let start = 0;
  TOKEN.lastIndex = 0;
  for (let at = 0; at < text.length; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at;
    const m = TOKEN.exec(text);
    const place = { line, column: at - start + 1 };
    if (!m) {
      const c = text[at]!;
      if (c === '"' || c === "'") throw syntaxError(file, place, 'this string has no end on its line');
      throw syntaxError(file, place, `unexpected ${describe(text.slice(at).match(/^[\w.+-]+|^./su)?.[0] ?? c)}`);
    }
    const g = m.groups!;
    if (g.newline !== undefined) {
      line++;
      start = at + 1;
    } else if (g.word !== undefined) out.push({ kind: 'word', text: g.word, ...place });
    else if (g.number !== undefined) out.push({ kind: 'number', text: g.number, ...place });
    else if (g.string !== undefined) out.push({ kind: 'string', text: g.string, ...place });
    else if (g.mark !== undefined) out.push({ kind: 'mark', text: g.mark, ...place });
  }
  out.push({ kind: 'end', text: '', line, column: text.length - start + 1 });
  return out;
}

/** How messages quote a piece of the text. */
export const describe = (text: string): string => (text === '' ? 'the end of the file' : `"${text}"`);

const ESCAPES: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  '\\': 92,
  "'": 39,
  '"': 34,
  '?': 63,
};

/** The contents of a quoted string; escapes are those of C, in bytes that together are UTF-8. */
export function unquote(token: string): string {
  const body = token.slice(1, -1);
  if (!body.includes('\\')) return body;
  const bytes: number[] = [];
  for (const m of body.matchAll(/\\(x[0-9a-fA-F]{1,2}|[0-7]{1,3}|.)|[^\\]+/gsu)) {
    const code = m[1];
    if (code === undefined) bytes.push(...new TextEncoder().encode(m[0]));
    else if (/^x[0-9a-fA-F]/.test(code)) bytes.push(Number.parseInt(code.slice(1), 16));
    else if (/^[0-7]/.test(code)) bytes.push(Number.parseInt(code, 8) & 255);
    else bytes.push(...(code in ESCAPES ? [ESCAPES[code]!] : new TextEncoder().encode(code)));
  }
  return new TextDecoder().decode(Uint8Array.from(bytes));
}
