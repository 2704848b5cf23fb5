import { kernel } from '../lab.ts'

export default kernel({
  id: '6.12',
  about: 'Debian 12 backported, Debian 13: no MEMCG_V1, the third form of SLUB reports',
  tier: 1,
  from: {
    kind: 'stock',
    series: '6.12.',
    image: ['linux-image-6.12-amd64', 'linux-image-amd64'],
    headers: ['linux-headers-6.12-amd64', 'linux-headers-amd64'],
  },
  hierarchies: ['v2'],
  has: [],
})
