/** The x87 floating-point unit. */
export { X87 } from './execute';
export type { X87Host, X87Memory } from './host';
export { X87_STATE_SIZE, X87State } from './state';
export type { RegisterText } from './text';
