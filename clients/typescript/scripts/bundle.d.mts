export const INDEX: string;
export function bundled(names: string, options?: { minify?: boolean }): Promise<string>;
