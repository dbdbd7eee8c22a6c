import type { Frame } from '../debugger/api';
import type { Value } from '../debugger/values';

/** A row of the variables pane that is not a typed value of the guest: a register, a flag. */
export interface PlainVariable {
  readonly name: string;
  readonly value: string;
  readonly type?: string;
  readonly expression?: string;
  /** Makes it another value; absent where it cannot be changed. */
  readonly set?: (text: string) => void;
  readonly memory?: number;
  readonly children?: () => readonly Row[];
}

/** A row of the variables pane. */
export type Row = PlainVariable | Value;

/** What a variables reference stands for. */
export type Container =
  | { readonly kind: 'values'; readonly frame: Frame | undefined; readonly values: () => readonly Value[] }
  | { readonly kind: 'value'; readonly frame: Frame | undefined; readonly value: Value }
  | { readonly kind: 'plain'; readonly frame?: Frame; readonly variables: () => readonly Row[] };

/** References that clients hold to what can be expanded; all end when the guest runs on. */
export class Handles {
  private readonly containers = new Map<number, Container>();
  private next = 1;

  create(container: Container): number {
    const reference = this.next++;
    this.containers.set(reference, container);
    return reference;
  }

  get(reference: number): Container | undefined {
    return this.containers.get(reference);
  }

  /** Numbers go on, so that an old reference never means something new. */
  clear(): void {
    this.containers.clear();
  }
}
