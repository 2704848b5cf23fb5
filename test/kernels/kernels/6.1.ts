import { kernel } from '../lab.ts'

export default kernel({
  id: '6.1',
  about: 'Debian 12: both versions of the memory controller, slub_debug',
  tier: 1,
  from: {
    kind: 'stock',
    series: '6.1.',
    image: ['linux-image-6.1-amd64', 'linux-image-amd64'],
    headers: ['linux-headers-6.1-amd64', 'linux-headers-amd64'],
  },
  hierarchies: ['v1', 'v2'],
  has: [],
})
