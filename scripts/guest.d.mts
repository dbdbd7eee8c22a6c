export { ensureGuest, type Guest } from '../guest/build/guest.mjs';
