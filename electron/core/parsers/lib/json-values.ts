/**
 * Values of JSON: lists and objects, with the repairs that known writers need, and the path to the
 * place being read. Knows nothing of documents and of the text around them.
 */
import {
  CLOSE_LIST,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  OPEN_LIST,
  OPEN_OBJECT,
  QUOTE,
  type Scalar,
  Scanner,
} from "./json-scanner.ts";
import { quote, Warnings } from "./warnings.ts";

export type Json = Scalar | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json;
}

/** Deeper nesting than this ends the document: no tool comes near it, and recursion stays safe. */
const MAX_DEPTH = 128;
/** Paths in warnings end about here (in characters). */
const MAX_PATH = 80;

export class ValueReader extends Scanner {
  protected readonly warnings = new Warnings();
  /** Keys and indexes from the document's root to the place being read. */
  protected readonly path: (string | number)[] = [];
  /** Containers whose end has not been read yet, outermost first. */
  protected readonly open: object[] = [];
  private readonly repaired = new Set<string>();

  /** Any value. `started` gets a container as soon as it begins, so that its part survives a stop. */
  protected value(started?: (container: Json[] | JsonObject) => void): Json {
    const code = this.text.charCodeAt(this.at);
    if (code === OPEN_OBJECT) return this.object(started);
    if (code === OPEN_LIST) return this.list(started);
    if (code === QUOTE) return this.string();
    if (code === 0x2d || (code >= 0x30 && code <= 0x39)) return this.number();
    return this.word();
  }

  private object(started?: (container: JsonObject) => void): JsonObject {
    const result: JsonObject = {};
    this.enter(result);
    started?.(result);
    this.at += 1;
    this.blanks();
    if (this.take(CLOSE_OBJECT)) return this.leave(result);
    for (;;) {
      const code = this.text.charCodeAt(this.at);
      if (code === QUOTE) this.pair(result);
      else if (code === OPEN_OBJECT) this.strayObject(result);
      else throw this.stop("A member name was expected");
      this.blanks();
      if (this.take(COMMA)) {
        this.blanks();
        if (!this.take(CLOSE_OBJECT)) continue;
        this.repair("trailing-comma", "A comma stands before a closing bracket.");
        return this.leave(result);
      }
      if (this.take(CLOSE_OBJECT)) return this.leave(result);
      throw this.stop("A comma or } was expected");
    }
  }

  /** Reads `"name": value` into `target`. */
  private pair(target: JsonObject, name = this.string()): void {
    this.blanks();
    if (!this.take(COLON)) throw this.stop("A colon was expected");
    this.blanks();
    this.path.push(name);
    // Assigned at once, so that a cut document keeps the part of this member that was read.
    const done = this.value((container) => put(target, name, container));
    put(target, name, done);
    this.path.pop();
  }

  /** bpftool's p_err() writes `{"error": …}` wherever the writer stands, also where a member belongs. */
  private strayObject(target: JsonObject): void {
    const stray = this.object();
    for (const [name, value] of Object.entries(stray)) if (!Object.hasOwn(target, name)) put(target, name, value);
    this.repair("stray-object", "An object stands where a member belongs; its members were taken over.");
  }

  private list(started?: (container: Json[]) => void): Json[] {
    const result: Json[] = [];
    this.enter(result);
    started?.(result);
    this.at += 1;
    this.blanks();
    if (this.take(CLOSE_LIST)) return this.leave(result);
    for (;;) {
      this.path.push(result.length);
      this.element(result);
      this.path.pop();
      this.blanks();
      if (this.take(COMMA)) {
        this.blanks();
        if (!this.take(CLOSE_LIST)) continue;
        this.repair("trailing-comma", "A comma stands before a closing bracket.");
        return this.leave(result);
      }
      if (this.take(CLOSE_LIST)) return this.leave(result);
      throw this.stop("A comma or ] was expected");
    }
  }

  private element(list: Json[]): void {
    const slot = list.length;
    const value = this.value((container) => list.push(container));
    if (list.length === slot) {
      if (typeof value === "string" && this.followedByColon()) {
        const object: JsonObject = {};
        list.push(object);
        this.open.push(object);
        this.pair(object, value);
        this.open.pop();
        this.repair("pair-in-list", `A list holds a name and a value (${quote(value)}); read as an object.`);
        return;
      }
      list.push(value);
    }
  }

  private followedByColon(): boolean {
    this.blanks();
    return this.text.charCodeAt(this.at) === COLON;
  }

  private enter(container: object): void {
    if (this.open.length >= MAX_DEPTH) throw this.stop(`Nested deeper than ${MAX_DEPTH} levels`);
    this.open.push(container);
  }

  private leave<T>(container: T): T {
    this.open.pop();
    return container;
  }

  /** Reports a kind of repair once, at its first place. */
  protected override repair(code: string, message: string): void {
    if (this.repaired.has(code)) return;
    this.repaired.add(code);
    this.warnings.add(code, message, this.where());
  }

  protected where(): string {
    return formatPath(this.path);
  }
}

/** `[3].options.prog` from `[3, "options", "prog"]`; a very long path is cut. */
function formatPath(path: readonly (string | number)[]): string {
  let text = "";
  for (const step of path) {
    if (text.length > MAX_PATH) return `${text}…`;
    text += typeof step === "number" ? `[${step}]` : text === "" ? step : `.${step}`;
  }
  return text;
}

/** Sets a member without touching the prototype, whatever its name. */
function put(target: JsonObject, name: string, value: Json): void {
  if (name === "__proto__") {
    Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
  } else {
    target[name] = value;
  }
}
