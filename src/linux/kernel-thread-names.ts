/**
 * Names of kernel threads as /proc/PID/comm and `ps` show them (proc_task_name in fs/proc/array.c): `task_struct.comm` holds 15 characters,
 * `struct kthread` (kernel/kthread.c) the whole name from 5.17 on where it is longer, and `struct worker` (kernel/workqueue_internal.h) what
 * a worker of a work queue does or did last.
 */

import { MemoryError } from '../debugger/target';
import type { Kernel } from './kernel';

/** PF_WQ_WORKER (include/linux/sched.h). */
const PF_WQ_WORKER = 0x20;
/** What proc_task_name has room for, the final zero included. */
const NAME_SIZE = 64;

/**
 * The whole name: `rcu_tasks_trace_kthread`, `kworker/0:1-events`. Where this kernel keeps no more than `comm`, or the thread is ending, that.
 * @param task address of a kernel thread's task_struct
 */
export function kernelThreadName(kernel: Kernel, task: number, comm: string): string {
  try {
    const kthread = kthreadOf(kernel, task);
    if (kthread === 0) return comm;
    const name = fullName(kernel, kthread) || comm;
    const isWorker = (kernel.word('task_struct', 'flags', task) & PF_WQ_WORKER) !== 0;
    return `${name}${isWorker ? workOf(kernel, kthread) : ''}`.slice(0, NAME_SIZE - 1);
  } catch (error) {
    if (error instanceof MemoryError) return comm;
    throw error;
  }
}

/** to_kthread(): worker_private from 5.17 on, before that set_child_tid, which a kernel thread has no other use for. */
function kthreadOf(kernel: Kernel, task: number): number {
  if (!kernel.struct('kthread')) return 0;
  const member = ['worker_private', 'set_child_tid'].find(
    (name) => kernel.offsetIfAny('task_struct', name) !== undefined,
  );
  return member === undefined ? 0 : kernel.word('task_struct', member, task);
}

function fullName(kernel: Kernel, kthread: number): string {
  if (kernel.offsetIfAny('kthread', 'full_name') === undefined) return '';
  const text = kernel.word('kthread', 'full_name', kthread);
  return text === 0 ? '' : kernel.text(text, NAME_SIZE);
}

/** wq_worker_comm(): what the worker does (+) or did last (−); the work queue's name, or what the work calls itself. */
function workOf(kernel: Kernel, kthread: number): string {
  if (!kernel.struct('worker')) return '';
  const worker = kernel.word('kthread', 'data', kthread);
  if (worker === 0 || kernel.word('worker', 'pool', worker) === 0) return '';
  const description = kernel.text(worker + kernel.offset('worker', 'desc'), NAME_SIZE);
  if (description === '') return '';
  return `${kernel.word('worker', 'current_work', worker) === 0 ? '-' : '+'}${description}`;
}
