import { accessSync, constants, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Gives the path of a program, from some folders or the PATH; `null` if it is in none. */
export function findProgram(name: string, folders: readonly string[] = []): string | null {
  // Debian keeps servers in folders that only root has on its PATH.
  const usual = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  for (const folder of [...folders, ...usual]) {
    const path = join(folder, name);
    if (folder !== '' && isExecutable(path)) return path;
  }
  return null;
}

/** Gives the folders of the versions that Debian keeps side by side, the newest first. */
export function versionFolders(parent: string): string[] {
  return namesIn(parent)
    .filter((name) => /^\d+(\.\d+)?$/.test(name))
    .sort((a, b) => Number(b) - Number(a))
    .map((name) => join(parent, name));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
