import protobuf from 'protobufjs';
import { describe, type Place, syntaxError, type Token, tokenize, unquote } from './tokens.ts';

/** A field that the message type does not have; it was passed over. */
export interface UnknownField extends Place {
  readonly name: string;
  readonly message: string;
}

/**
 * Reads a message in protobuf text format: `name: value`, `name { … }`, `name < … >`, lists in brackets, comments, C
 * escapes, adjacent strings. The result is what protobufjs would decode from the same message in binary.
 * Throws ImportError with line and column; fields that the type does not have are skipped and reported.
 */
export function parseText<T>(
  text: string,
  type: protobuf.Type,
  file: string,
): { message: T; unknown: readonly UnknownField[] } {
  const parser = new Parser(tokenize(text, file), file);
  const message = parser.message(type, null);
  return { message: message as T, unknown: parser.unknown };
}

type Fields = Record<string, unknown>;

class Parser {
  readonly unknown: UnknownField[] = [];
  private readonly tokens: readonly Token[];
  private readonly file: string;
  private at = 0;

  constructor(tokens: readonly Token[], file: string) {
    this.tokens = tokens;
    this.file = file;
  }

  private get token(): Token {
    return this.tokens[this.at]!;
  }
  private is(text: string): boolean {
    return this.token.kind === 'mark' && this.token.text === text;
  }
  private accept(text: string): boolean {
    if (!this.is(text)) return false;
    this.at++;
    return true;
  }
  private fail(message: string, at: Place = this.token): never {
    throw syntaxError(this.file, at, message);
  }

  /** Fields up to the closing mark; `close` is null for the whole file. */
  message(type: protobuf.Type | null, close: { mark: string; open: Token } | null): Fields {
    const out: Fields = {};
    for (;;) {
      if (this.accept(';') || this.accept(',')) continue;
      const t = this.token;
      if (t.kind === 'end') {
        if (close) this.fail(`the "${close.open.text}" of line ${close.open.line} is never closed`);
        break;
      }
      if (close && this.accept(close.mark)) break;
      this.field(type, out);
    }
    return type ? (type.create(out) as unknown as Fields) : out;
  }

  private field(type: protobuf.Type | null, out: Fields): void {
    const name = this.token;
    let key = name.text;
    if (this.accept('[')) {
      // An extension or an Any: never known here.
      while (this.token.kind === 'word' || this.is('.') || this.is('/')) this.at++;
      if (!this.accept(']')) this.fail(`unexpected ${describe(this.token.text)} in the name of an extension`);
      key = '[extension]';
    } else if (name.kind === 'word') this.at++;
    else this.fail(`expected a field name, not ${describe(name.text)}`);
    const field = type?.fields[key]?.resolve();
    if (!field && type) {
      this.unknown.push({ name: key, message: type.name, line: name.line, column: name.column });
    }
    const colon = this.accept(':');
    const isMessage = this.is('{') || this.is('<');
    if (!colon && !isMessage) this.fail(`expected ":" or "{" after "${key}", not ${describe(this.token.text)}`);
    if (field && isMessage !== field.resolvedType instanceof protobuf.Type && !this.is('[')) {
      const wants = field.resolvedType instanceof protobuf.Type ? 'a message in braces' : `${article(field.type)}`;
      this.fail(`"${key}" of ${type!.name} takes ${wants}, not ${describe(this.token.text)}`);
    }
    const add = (value: unknown): void => {
      if (!field) return foreign(type, key, value, out);
      if (field.repeated)
        ((out[key] as unknown[] | undefined) ?? ((out[key] = [] as unknown[]) as unknown[])).push(value);
      else if (Object.hasOwn(out, key)) this.fail(`"${key}" is given twice in one ${type!.name}`, name);
      else out[key] = value;
    };
    if (this.accept('[')) {
      if (field && !field.repeated) this.fail(`"${key}" of ${type!.name} takes one value, not a list`);
      while (!this.accept(']')) {
        add(this.value(field ?? null, key, type));
        if (!this.is(']') && !this.accept(',')) this.fail(`expected "," or "]", not ${describe(this.token.text)}`);
      }
    } else add(this.value(field ?? null, key, type));
  }

  private value(field: protobuf.Field | null, key: string, owner: protobuf.Type | null): unknown {
    const open = this.token;
    if (this.accept('{')) return this.message(messageType(field), { mark: '}', open });
    if (this.accept('<')) return this.message(messageType(field), { mark: '>', open });
    if (open.kind === 'string') {
      let text = '';
      while (this.token.kind === 'string') text += unquote(this.tokens[this.at++]!.text);
      if (field && field.type !== 'string' && field.type !== 'bytes')
        this.fail(`"${key}" of ${owner!.name} takes ${article(field.type)}, not a string`, open);
      return text;
    }
    const sign = this.accept('-') ? '-' : '';
    const t = this.token;
    if (t.kind !== 'word' && t.kind !== 'number') this.fail(`expected a value for "${key}", not ${describe(t.text)}`);
    this.at++;
    return field ? this.scalar(field, sign, t, key, owner!) : sign + t.text;
  }

  private scalar(field: protobuf.Field, sign: string, t: Token, key: string, owner: protobuf.Type): unknown {
    const wrong = (): never =>
      this.fail(`"${key}" of ${owner.name} takes ${article(field.type)}, not ${describe(sign + t.text)}`, t);
    if (field.resolvedType instanceof protobuf.Enum) {
      const { values } = field.resolvedType;
      if (t.kind === 'word') {
        const v = values[t.text];
        if (v === undefined)
          this.fail(`"${t.text}" is not one of ${Object.keys(values).join(', ')}, which "${key}" may be`, t);
        return v;
      }
      return Number(sign + t.text);
    }
    switch (field.type) {
      case 'bool':
        if (/^(true|True|t|1)$/.test(t.text)) return true;
        return /^(false|False|f|0)$/.test(t.text) ? false : wrong();
      case 'float':
      case 'double': {
        if (t.kind === 'word') {
          if (/^inf(inity)?f?$/i.test(t.text)) return sign ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
          return /^nanf?$/i.test(t.text) ? Number.NaN : wrong();
        }
        const x = Number(sign + (/^0x/i.test(t.text) ? Number(t.text) : t.text.replace(/f$/i, '')));
        return field.type === 'float' ? Math.fround(x) : x;
      }
      case 'string':
      case 'bytes':
        return wrong();
      default: {
        if (t.kind !== 'number' || /[.eEfF]/.test(t.text.replace(/^0x.*/i, ''))) wrong();
        const octal = /^0[0-7]+$/.test(t.text);
        const x = octal ? Number.parseInt(t.text, 8) : Number(t.text);
        if (sign && field.type.startsWith('u')) wrong();
        return sign ? -x : x;
      }
    }
  }
}

const messageType = (field: protobuf.Field | null): protobuf.Type | null =>
  field?.resolvedType instanceof protobuf.Type ? field.resolvedType : null;

/**
 * What no schema describes: inside such a block the texts of its scalars, and of the blocks of one message together
 * under `foreign`.
 */
function foreign(type: protobuf.Type | null, key: string, value: unknown, out: Fields): void {
  if (!type) {
    if (typeof value === 'string') out[key] = [...((out[key] as string[] | undefined) ?? []), value];
  } else if (typeof value === 'object' && value !== null)
    out.foreign = { ...(out.foreign as Fields | undefined), ...value };
}

function article(type: string): string {
  if (type === 'bool') return 'true or false';
  if (type === 'string') return 'a string in quotes';
  if (type === 'float' || type === 'double') return 'a number';
  if (/^u?int/.test(type)) return type.startsWith('u') ? 'a whole number from 0 on' : 'a whole number';
  return `a ${type}`;
}
