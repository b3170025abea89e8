import { STYLE } from './page-style.ts';

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** A page that works offline: everything in it, no script, no request to anywhere. */
export const page: { text(value: string | number | boolean): string; whole(title: string, body: string): string } = {
  text: (value) => String(value).replaceAll(/[&<>"']/g, (character) => ESCAPES[character]!),
  whole: (title, body) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="Faultline">
<title>${page.text(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`,
};
