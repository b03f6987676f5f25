/* A value in a form which others may change meanwhile. Untouched it follows what is so;
 * touched it stays, with the seq up to which its writer knew the room. */
import { computed, ref, watch } from 'vue';

export function useEdit<T extends string>(
    now: () => T,
    seq: () => number,
    clean: (value: T) => T = (value) => value,
) {
    const value = ref(now()) as { value: T };
    const seen = ref(now()) as { value: T };
    const other = ref<T>() as { value: T | undefined };
    const known = ref(seq());
    const touched = computed(() => clean(value.value) !== seen.value);

    function look(): void {
        value.value = seen.value = now();
        known.value = seq();
        other.value = undefined;
    }

    watch([now, seq], ([fresh], [before]) => {
        if (!touched.value) look();
        else if (fresh !== before) other.value = fresh;
    });

    return {
        value,
        known,
        cleaned: computed(() => clean(value.value)),
        changed: computed(() => touched.value && clean(value.value) !== now()),
        /* What somebody else made of it since it was touched. */
        other: computed(() => (touched.value ? other.value : undefined)),
        /* What is in the form is so now. */
        saved(): void {
            seen.value = clean(value.value);
            other.value = undefined;
        },
        /* The writer was told to look again: what comes next is decided on this. */
        told(): void {
            if (touched.value && now() !== seen.value) other.value = now();
            known.value = seq();
        },
    };
}
