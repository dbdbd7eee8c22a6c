/** The kernels of the folders in $SOCKSCOPE_KERNELS (separated by colons), each with vmlinux, and sources/ or its build tree beside. */

import fs from 'node:fs';
import path from 'node:path';
import { exercise, optionsOf } from './exercise';

const given = (process.env.SOCKSCOPE_KERNELS ?? '').split(':').filter((folder) => folder !== '');
for (const folder of given) {
  const kept = path.join(folder, 'sources');
  const kernel = { folder, sources: fs.existsSync(kept) ? kept : folder };
  const ipv6 = optionsOf(kernel).has('CONFIG_IPV6');
  exercise(folder, () => Promise.resolve(kernel), { moments: true, ipv6 });
}
