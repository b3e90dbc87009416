export declare function dynamicBert(): { write(path: string): number };
