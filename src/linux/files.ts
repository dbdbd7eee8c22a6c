/**
 * Open files and paths: task_struct.files → files_struct.fdt → fdtable.fd (include/linux/fdtable.h, since 2.6.14), `struct file`, `struct dentry`,
 * and `struct mount` above a mounted root (fs/mount.h, since 3.3).
 */

import { fieldIfAny } from './fields';
import type { Kernel } from './kernel';

/** More descriptors than a damaged table could make us read. */
const MAX_DESCRIPTORS = 65536;

export interface OpenFile {
  readonly fd: number;
  /** Address of its struct file. */
  readonly file: number;
}

/** The open files of a task, by descriptor; none for kernel threads and tasks that have exited. */
export function openFiles(kernel: Kernel, task: number): OpenFile[] {
  const files = kernel.word('task_struct', 'files', task);
  if (files === 0) return [];
  const table = kernel.word('files_struct', 'fdt', files);
  const count = Math.min(kernel.word('fdtable', 'max_fds', table), MAX_DESCRIPTORS);
  const array = kernel.word('fdtable', 'fd', table);
  const bytes = kernel.target.readMemory(array, count * 4);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const found: OpenFile[] = [];
  for (let fd = 0; fd < count; fd++) {
    const file = view.getUint32(fd * 4, true);
    if (file !== 0) found.push({ fd, file });
  }
  return found;
}

/** Path of a dentry in a mount, through the mounts it is below of. @param mount address of the struct mount; 0 for none */
export function pathOf(kernel: Kernel, mount: number, dentry: number): string {
  const parts: string[] = [];
  let [at, on] = [dentry, mount];
  for (let depth = 0; at !== 0 && depth < 256; depth++) {
    const parent = kernel.word('dentry', 'd_parent', at);
    const root = on === 0 ? 0 : kernel.word('mount', 'mnt.mnt_root', on);
    if (at === root || parent === at) {
      const above = on === 0 ? 0 : kernel.word('mount', 'mnt_parent', on);
      if (above === 0 || above === on) break;
      at = kernel.word('mount', 'mnt_mountpoint', on);
      on = above;
      continue;
    }
    parts.unshift(nameOf(kernel, at));
    at = parent;
  }
  return `/${parts.join('/')}`;
}

/** Path of an open file. */
export function filePath(kernel: Kernel, file: number): string {
  const vfsmount = kernel.word('file', 'f_path.mnt', file);
  const mount = vfsmount === 0 ? 0 : (vfsmount - kernel.offset('mount', 'mnt')) >>> 0;
  return pathOf(kernel, mount, kernel.word('file', 'f_path.dentry', file));
}

function nameOf(kernel: Kernel, dentry: number): string {
  const name = fieldIfAny(kernel.value('dentry', dentry), 'd_name.name');
  return name ? kernel.text(kernel.word('dentry', 'd_name.name', dentry), 256) : '?';
}
