/**
 * Hashes text to 32 bits, unsigned: FNV-1a over its UTF-16 code units (both bytes of each), then MurmurHash3's final
 * mix, so that the low bits are as good as the high ones. The same on every node and in every release: jobs that hash
 * their times keep them.
 */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    hash = Math.imul(hash ^ (unit & 0xff), 0x01000193);
    hash = Math.imul(hash ^ (unit >>> 8), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
