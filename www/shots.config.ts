/* The pictures for the README: `npm run shots`, after `npm run build`. */
import { mergeConfig } from 'vitest/config';
import e2e from './e2e.config';

const shots = mergeConfig(e2e, {});
shots.test.include = ['**/*.shots.ts'];
export default shots;
