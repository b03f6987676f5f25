/* A script of its own (build/early.ts), so small that it runs while the large one is on its
 * way: what one reads first, and the large script, arrive together. */
import { begin } from './state/early';

begin();
