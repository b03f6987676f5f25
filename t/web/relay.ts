/* A slow line: a TCP relay that delays and shapes what passes, as all of one household's
 * connections share it. (Chromium's own throttling does not delay WebSocket frames.) */
import { connect, createServer, type Server as TcpServer, type Socket } from 'node:net';

const PIECE = 1_400; /* bytes that are on the line at a time */

export interface Line {
    bits: number; /* per second, each way */
    roundTrip: number; /* ms */
}

/* One way of the line: when the bytes that are given to it now have arrived (ms). */
class Lane {
    private free = 0;

    constructor(private readonly line: Line) {}

    arrival(bytes: number): number {
        const start = Math.max(Date.now(), this.free);
        this.free = start + (bytes * 8_000) / this.line.bits;
        return this.free + this.line.roundTrip / 2;
    }
}

function pass(from: Socket, to: Socket, lane: Lane, before: number): void {
    /* Timers of the same time fire in the order in which they were set; a later piece
     * never arrives earlier. */
    const at = (due: number, then: () => void) => setTimeout(then, due - Date.now());
    const opened = Date.now() + before;
    from.on('data', (data) => {
        for (let i = 0; i < data.length; i += PIECE) {
            const piece = data.subarray(i, i + PIECE);
            const due = Math.max(lane.arrival(piece.length), opened);
            at(due, () => to.writable && to.write(piece));
        }
    });
    from.on('end', () => at(lane.arrival(0) + before, () => to.end()));
    from.on('error', () => to.destroy());
    from.on('close', () => at(lane.arrival(0) + before, () => to.destroy()));
}

export class Relay {
    private constructor(private readonly listener: TcpServer) {}

    static async run(to: number, line: Line): Promise<Relay> {
        const up = new Lane(line);
        const down = new Lane(line);
        const listener = createServer((client) => {
            const server = connect(to, '127.0.0.1');
            /* The handshake with the real peer: one round trip before anything. */
            pass(client, server, up, line.roundTrip * 1.5);
            pass(server, client, down, 0);
        });
        await new Promise<void>((done) => listener.listen(0, '127.0.0.1', done));
        return new Relay(listener);
    }

    get url(): string {
        const { port } = this.listener.address() as { port: number };
        return `http://127.0.0.1:${port}`;
    }

    end(): void {
        this.listener.close();
    }
}
