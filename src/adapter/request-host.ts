import type { GuestSession } from './guest-session';
import type { Inspection } from './inspection';
import type { Sources } from './sources';

/** What a group of requests needs of the session; asked only when a request comes. Each throws a DebuggerError before the launch. */
export interface RequestHost {
  readonly session: GuestSession;
  readonly inspect: Inspection;
  readonly sourceTable: Sources;
}

/** What gives the body of the answer to a request, by the request's name. Each throws an Error with one sentence. */
export type RequestGroup = Readonly<Record<string, (args: never) => object | undefined>>;
