/** Is a logger for tests of what a store does, not of what it says. */
export const SILENT = { debug() {}, info() {}, warn() {}, error() {} };
