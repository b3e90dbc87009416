export declare function prepare(): Promise<string>;
