import {
  type DimExpr,
  dimAdd,
  dimCeilDiv,
  dimFloorDiv,
  dimMax,
  dimMin,
  dimMul,
  dimSub,
  type Shape,
} from '../../ir/dim.ts';
import { OpError } from '../op.ts';

/** What the names of an expression stand for: shapes of inputs, and attributes that are integers or lists of them. */
export type Names = ReadonlyMap<string, Shape | number>;

/** A dimension of a plugin's manifest, ready to be computed from the operator's inputs and attributes. */
export type Expression = (names: Names) => DimExpr;

/** A manifest's text that is no expression: one sentence. */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError';
}

const FUNCTIONS: Readonly<Record<string, (a: DimExpr, b: DimExpr) => DimExpr>> = {
  floorDiv: dimFloorDiv,
  ceilDiv: dimCeilDiv,
  min: dimMin,
  max: dimMax,
  // The first unless it is zero: attributes that may be left out.
  or: (a, b) => (a === 0 ? b : a),
};

/**
 * Reads the text of a dimension: whole numbers, `NAME` (an integer attribute), `NAME.I` (dimension I of an input, or
 * element I of a list attribute), `+ - *`, parentheses, floorDiv, ceilDiv, min, max and or(a, b). `names` lists what may
 * be named. Throws ExpressionError.
 */
export function parseExpression(text: string | number, names: ReadonlySet<string>): Expression {
  if (typeof text === 'number') return () => text;
  return new Parser(text, names).whole();
}

class Parser {
  private readonly tokens: readonly string[];
  private at = 0;
  private readonly text: string;
  private readonly names: ReadonlySet<string>;

  constructor(text: string, names: ReadonlySet<string>) {
    this.text = text;
    this.names = names;
    const tokens = text.match(/\d+|[A-Za-z_]\w*|[-+*(),.]|\S/g);
    this.tokens = tokens ?? [];
  }

  whole(): Expression {
    const e = this.sum();
    if (this.at < this.tokens.length) this.fail(`"${this.tokens[this.at]}" is not expected`);
    return e;
  }

  private fail(why: string): never {
    throw new ExpressionError(`the dimension "${this.text}" cannot be read: ${why}`);
  }
  private accept(token: string): boolean {
    if (this.tokens[this.at] !== token) return false;
    this.at++;
    return true;
  }
  private expect(token: string): void {
    if (!this.accept(token)) this.fail(`"${token}" is missing`);
  }

  private sum(): Expression {
    let left = this.product();
    for (;;) {
      const a = left;
      if (this.accept('+')) {
        const b = this.product();
        left = (n) => dimAdd(a(n), b(n));
      } else if (this.accept('-')) {
        const b = this.product();
        left = (n) => dimSub(a(n), b(n));
      } else return left;
    }
  }

  private product(): Expression {
    let left = this.operand();
    while (this.accept('*')) {
      const a = left;
      const b = this.operand();
      left = (n) => dimMul(a(n), b(n));
    }
    return left;
  }

  private operand(): Expression {
    const t = this.tokens[this.at++];
    if (t === undefined) this.fail('it ends early');
    if (t === '(') {
      const e = this.sum();
      this.expect(')');
      return e;
    }
    if (/^\d+$/.test(t)) return () => Number(t);
    if (!/^[A-Za-z_]/.test(t)) this.fail(`"${t}" is not expected`);
    if (this.accept('(')) return this.call(t);
    if (!this.names.has(t)) this.fail(`"${t}" is neither an input nor an attribute`);
    return this.accept('.') ? this.element(t) : this.number(t);
  }

  private call(name: string): Expression {
    const f = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
    if (!f) this.fail(`"${name}" is not one of ${Object.keys(FUNCTIONS).join(', ')}`);
    const a = this.sum();
    this.expect(',');
    const b = this.sum();
    this.expect(')');
    return (n) => f(a(n), b(n));
  }

  private element(name: string): Expression {
    const index = this.tokens[this.at++];
    if (index === undefined || !/^\d+$/.test(index)) this.fail(`"${name}." takes a number`);
    return (n) => {
      const list = n.get(name);
      if (!Array.isArray(list)) throw new OpError(`has no list "${name}", which its plugin's shapes read`);
      const d = (list as Shape)[Number(index)];
      if (d === undefined)
        throw new OpError(`has ${list.length} dimensions in "${name}"; its plugin reads ${name}.${index}`);
      return d;
    };
  }

  private number(name: string): Expression {
    return (n) => {
      const v = n.get(name);
      if (typeof v !== 'number') throw new OpError(`has no whole number "${name}", which its plugin's shapes read`);
      return v;
    };
  }
}
