/* The time of day for what is shown, about twice a minute. */
import { ref } from 'vue';

const EVERY = 30_000;

export const minute = ref(Date.now());
setInterval(() => (minute.value = Date.now()), EVERY);
