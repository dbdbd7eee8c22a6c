/**
 * The mounts of a task's mount namespace: task_struct.nsproxy → mnt_namespace, whose `list` links struct mount by mnt_list (3.3 to 6.7);
 * from 6.8 they are in the red-black tree `mounts` by mnt_node.
 */

import { pathOf } from './files';
import { LinuxError, type Kernel } from './kernel';

export interface Mount {
  /** What is mounted: a device's name or the type again. */
  readonly device: string;
  readonly path: string;
  readonly type: string;
  readonly options: readonly string[];
}

/** MNT_* flags of struct vfsmount (include/linux/mount.h), as /proc/mounts words them. */
const MOUNT_FLAGS: readonly [number, string][] = [
  [0x01, 'nosuid'], [0x02, 'nodev'], [0x04, 'noexec'], [0x08, 'noatime'], [0x10, 'nodiratime'], [0x20, 'relatime'],
]; // prettier-ignore
const MNT_READONLY = 0x40;
/** SB_RDONLY (include/linux/fs.h). */
const SB_RDONLY = 1;
const MAX_MOUNTS = 65536;

/** In the order of /proc/mounts. @throws LinuxError, MemoryError */
export function readMounts(kernel: Kernel, task: number): Mount[] {
  const proxy = kernel.word('task_struct', 'nsproxy', task);
  if (proxy === 0) throw new LinuxError('That task has no namespaces any more.');
  const namespace = kernel.word('nsproxy', 'mnt_ns', proxy);
  return mountAddresses(kernel, namespace).map((mount) => describe(kernel, mount));
}

function mountAddresses(kernel: Kernel, namespace: number): number[] {
  const list = kernel.offsetIfAny('mnt_namespace', 'list');
  if (list === undefined) {
    const root = kernel.word('mnt_namespace', 'mounts.rb_node', namespace);
    return inOrder(kernel, root).map((node) => (node - kernel.offset('mount', 'mnt_node')) >>> 0);
  }
  const head = (namespace + list) >>> 0;
  const link = kernel.offset('mount', 'mnt_list');
  const mounts: number[] = [];
  for (let node = kernel.u32(head); node !== head && node !== 0 && mounts.length < MAX_MOUNTS; node = kernel.u32(node))
    mounts.push((node - link) >>> 0);
  return mounts;
}

/** Nodes of a red-black tree (include/linux/rbtree.h) in order. */
function inOrder(kernel: Kernel, node: number, depth = 0): number[] {
  if (node === 0 || depth > 64) return [];
  return [
    ...inOrder(kernel, kernel.word('rb_node', 'rb_left', node), depth + 1),
    node,
    ...inOrder(kernel, kernel.word('rb_node', 'rb_right', node), depth + 1),
  ];
}

function describe(kernel: Kernel, mount: number): Mount {
  const superblock = kernel.word('mount', 'mnt.mnt_sb', mount);
  const flags = kernel.word('mount', 'mnt.mnt_flags', mount);
  const readOnly = flags & MNT_READONLY || kernel.word('super_block', 's_flags', superblock) & SB_RDONLY;
  const type = kernel.word('file_system_type', 'name', kernel.word('super_block', 's_type', superblock));
  return {
    device: kernel.text(kernel.word('mount', 'mnt_devname', mount), 256) || 'none',
    path: pathOf(kernel, mount, kernel.word('mount', 'mnt.mnt_root', mount)),
    type: kernel.text(type, 64),
    options: [readOnly ? 'ro' : 'rw', ...MOUNT_FLAGS.filter(([bit]) => flags & bit).map(([, name]) => name)],
  };
}
