/* Where in each room one was reading, when that was not its end. */

export interface Place {
    seq: number;
    y: number; /* of that message's top below the top of the view, CSS pixels */
}

const places = new Map<string, Place>();

export function placeIn(room: string): Place | undefined {
    return places.get(room);
}

/* Undefined: at the end. */
export function keepPlace(room: string, place: Place | undefined): void {
    if (place) places.set(room, place);
    else places.delete(room);
}
