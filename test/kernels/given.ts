/** The kernels of the folders in $SOCKSCOPE_KERNELS (separated by colons), each with vmlinux, and sources/ or its build tree beside. */

import fs from 'node:fs';
import path from 'node:path';
import { exercise } from './exercise';

const given = (process.env.SOCKSCOPE_KERNELS ?? '').split(':').filter((folder) => folder !== '');
for (const folder of given) {
  const kept = path.join(folder, 'sources');
  exercise(folder, () => Promise.resolve({ folder, sources: fs.existsSync(kept) ? kept : folder }));
}
