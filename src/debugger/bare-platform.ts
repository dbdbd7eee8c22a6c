import { moduleHasCode, type Module, type ModuleList } from './modules';
import type { Platform, ThreadContext, ThreadId } from './platform';
import type { Target } from './target';

const THREAD: ThreadId = 1;

/** A machine without a known operating system: one thread, all modules in force. */
export class BarePlatform implements Platform {
  constructor(
    private readonly target: Target,
    private readonly modules: ModuleList,
  ) {}

  currentThread(): ThreadId {
    return THREAD;
  }

  threads(): { id: ThreadId; name: string }[] {
    return [{ id: THREAD, name: 'processor' }];
  }

  context(thread: ThreadId): ThreadContext {
    return { id: thread, registers: this.target.registers(), pageDirectory: undefined, live: true };
  }

  moduleAt(address: number): Module | undefined {
    for (const module of this.modules) if (moduleHasCode(module, address)) return module;
    return undefined;
  }

  isModuleCurrent(): boolean {
    return true;
  }

  entryCrossing(): undefined {
    return undefined;
  }

  beginsStack(): boolean {
    return false;
  }

  threadEnd(): undefined {
    return undefined;
  }

  isKernelAddress(address: number): boolean {
    const { kernel } = this.modules;
    return kernel !== undefined && moduleHasCode(kernel, address);
  }

  functionAliases(): string[] {
    return [];
  }

  specialBreakpoint(): undefined {
    return undefined;
  }
}
