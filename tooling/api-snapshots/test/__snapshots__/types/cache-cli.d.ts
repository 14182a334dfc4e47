// ./doctor/doctor
import type { Finding } from './finding.ts';
export interface DoctorOptions {
    readonly redis?: string | undefined;
    readonly ca?: string | undefined;
    readonly database?: string | undefined;
    readonly namespace?: string | undefined;
    readonly prefix?: string;
    readonly slot?: string;
    readonly publication?: string;
    readonly sample?: number;
}
export declare function diagnose(options: DoctorOptions): Promise<readonly Finding[]>;

// ./doctor/finding
export type Severity = 'error' | 'warning' | 'note';
export interface Finding {
    readonly check: string;
    readonly severity: Severity;
    readonly found: string;
    readonly fix: string;
}
export declare class Findings {
    #private;
    readonly all: Finding[];
    constructor(part: string);
    error(check: string, found: string, fix: string): void;
    warning(check: string, found: string, fix: string): void;
    note(check: string, found: string, fix: string): void;
}
