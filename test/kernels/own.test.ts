/** The built-in kernel, given as a kernel of one's own: its sources and its vDSO are found beside it. Other kernels: `npm run test:kernels`. */

import { ensureGuest } from '../../scripts/guest.mjs';
import { exercise } from './exercise';

exercise('the built-in one, given as one’s own', async () => {
  const { dir, sources } = await ensureGuest();
  return { folder: dir, sources };
});
