const table = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8
  for (let i = 0; i < 8; i++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1
  return crc & 0xffff
})

/** The Cluster slot of a hash tag: CRC16 (XMODEM) modulo 16384, as the Cluster specification has it. */
export function slotOf(hashTag: string): number {
  let crc = 0
  for (const byte of Buffer.from(hashTag)) {
    crc = ((crc << 8) & 0xffff) ^ (table[((crc >> 8) ^ byte) & 0xff] as number)
  }
  return crc % 16_384
}
