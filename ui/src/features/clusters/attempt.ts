/** Does something that may be refused; the page shows the refusal. Resolves to whether it was done. */
export type Attempt = (work: () => Promise<unknown>) => Promise<boolean>;
