export const PAGE: URL;
export function page(): Promise<string>;
