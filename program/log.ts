/**
 * Structured logs: one JSON object a line, on standard error.
 *
 * @module
 */
import type { LogLevel } from "./config.ts";
import { LOG_LEVELS } from "./config.ts";

export type Fields = Readonly<Record<string, unknown>>;

export class Log {
  readonly #least: number;
  readonly #fields: Fields;
  readonly #write: (line: string) => void;

  /** `fields` stand in every line. */
  constructor(
    level: LogLevel,
    fields: Fields = {},
    // deno-lint-ignore no-console
    write: (line: string) => void = (line) => console.error(line),
  ) {
    this.#least = LOG_LEVELS.indexOf(level);
    this.#fields = fields;
    this.#write = write;
  }

  debug(message: string, fields?: Fields): void {
    this.#line("debug", message, fields);
  }

  info(message: string, fields?: Fields): void {
    this.#line("info", message, fields);
  }

  warn(message: string, fields?: Fields): void {
    this.#line("warn", message, fields);
  }

  error(message: string, fields?: Fields): void {
    this.#line("error", message, fields);
  }

  #line(level: LogLevel, message: string, fields: Fields = {}): void {
    if (LOG_LEVELS.indexOf(level) < this.#least) return;
    const line: Record<string, unknown> = { time: new Date().toISOString(), level, message };
    for (const [name, value] of Object.entries({ ...this.#fields, ...fields })) {
      line[name] = value instanceof Error ? describe(value) : value;
    }
    this.#write(JSON.stringify(line));
  }
}

function describe(error: Error): Record<string, unknown> {
  return {
    name: error.name,
    message: error.message,
    stack: error.stack,
    ...(error.cause instanceof Error ? { cause: describe(error.cause) } : {}),
  };
}
