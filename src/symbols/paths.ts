/** Joins a directory and a path and removes `.` and `x/..`; an absolute path stands for itself. Never touches a disk. */
export function joinPath(directory: string, path: string): string {
  return normalizePath(path.startsWith('/') || directory === '' ? path : `${directory}/${path}`);
}

/** `./net/../net//socket.c` → `net/socket.c`. Backslashes are taken as separators only after a drive letter. */
export function normalizePath(path: string): string {
  if (/^[A-Za-z]:\\/.test(path)) path = path.replaceAll('\\', '/');
  const absolute = path.startsWith('/');
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && parts.length > 0 && parts[parts.length - 1] !== '..') parts.pop();
    else if (part !== '..' || !absolute) parts.push(part);
  }
  return (absolute ? '/' : '') + parts.join('/');
}

/** Whether a path ends with all components of another. */
export function endsWithPath(path: string, suffix: string): boolean {
  if (!path.endsWith(suffix)) return false;
  const before = path.length - suffix.length - 1;
  return before < 0 || path[before] === '/' || suffix.startsWith('/');
}
