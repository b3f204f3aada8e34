// Clients of the incidents: what fetch, undici and http.Agent of Node do by default.
//
// client.mjs fetch|fetch-unread|fetch-cancel|agent URL PARALLEL BURSTS PAUSE [STEP]
//
// Each burst is followed by a pause of PAUSE ms, and STEP more after each. fetch-unread
// has the garbage collected after each burst (--expose-gc).
import http from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

const [kind, url, parallel, bursts, pause, step = 0] = process.argv.slice(2)

async function once () {
  if (kind === 'agent') {
    await new Promise((resolve, reject) => http.get(url, (res) => res.resume().on('end', resolve)).on('error', reject))
    return
  }
  const response = await fetch(url)
  if (kind === 'fetch') await response.arrayBuffer()
  if (kind === 'fetch-cancel') await response.body.cancel()
}

for (let i = 0; i < Number(bursts); i++) {
  const ended = await Promise.allSettled(Array.from({ length: Number(parallel) }, once))
  console.log(i, ended.map((x) => x.status + (x.reason ? ' ' + x.reason.cause : '')).join(', '))
  await sleep(10)
  if (kind === 'fetch-unread') globalThis.gc()
  await sleep(Number(pause) + i * Number(step))
}
process.exit(0)
