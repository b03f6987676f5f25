/* Puts .gz and .br beside every text file of a folder: compress.mjs FOLDER. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const TEXT = /\.(html|js|css|svg|json|webmanifest|txt)$/;

function files(folder) {
    return readdirSync(folder).flatMap((name) => {
        const path = join(folder, name);
        return statSync(path).isDirectory() ? files(path) : [path];
    });
}

for (const path of files(process.argv[2] ?? 'dist').filter((p) => TEXT.test(p))) {
    const plain = readFileSync(path);
    writeFileSync(`${path}.gz`, gzipSync(plain, { level: 9 }));
    writeFileSync(
        `${path}.br`,
        brotliCompressSync(plain, {
            params: { [constants.BROTLI_PARAM_SIZE_HINT]: plain.length },
        }),
    );
}
