export { parseHttpDate } from './http-date.ts'
