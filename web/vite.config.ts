import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig, type Plugin } from 'vite';

/**
 * The theme must be known before the first paint, and the policy forbids inline scripts. So a
 * classic, hashed, external script is put first into the head (ui.md 6).
 */
function themeScript(): Plugin {
  const source = readFileSync(new URL('./src/theme.js', import.meta.url), 'utf8');
  const hash = createHash('sha256').update(source).digest('hex').slice(0, 8);
  const fileName = `assets/theme-${hash}.js`;
  let building = false;
  return {
    name: 'bindery-theme',
    config(_config, env) {
      building = env.command === 'build';
    },
    generateBundle() {
      this.emitFile({ type: 'asset', fileName, source });
    },
    transformIndexHtml() {
      const src = building ? `./${fileName}` : './src/theme.js';
      return [{ tag: 'script', attrs: { src }, injectTo: 'head' }];
    },
  };
}

/** Compressed siblings, so that the server never compresses: `name.js.gz`, `name.js.br`. */
function precompress(): Plugin {
  return {
    name: 'bindery-precompress',
    apply: 'build',
    writeBundle(options, bundle) {
      for (const name of Object.keys(bundle)) {
        if (!/\.(js|css|svg)$/.test(name)) continue;
        const path = join(options.dir ?? '', name);
        const data = readFileSync(path);
        writeFileSync(`${path}.gz`, gzipSync(data, { level: 9 }));
        const params = { [constants.BROTLI_PARAM_QUALITY]: 11 };
        writeFileSync(`${path}.br`, brotliCompressSync(data, { params }));
      }
    },
  };
}

export default defineConfig({
  base: './',
  plugins: [svelte(), themeScript(), precompress()],
  build: {
    outDir: '../bindery/http/static',
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      output: {
        // Pieces that several pages share travel with the entry: one request instead of twenty.
        codeSplitting: {
          groups: [{ name: 'base', test: /node_modules|src\/(lib|ui|lang\/en)/, minShareCount: 3 }],
        },
      },
    },
  },
  server: { proxy: { '/api': { target: 'http://127.0.0.1:8787', ws: true } } },
  test: { environment: 'node', include: ['src/**/*.test.ts'] },
} as Parameters<typeof defineConfig>[0]);
