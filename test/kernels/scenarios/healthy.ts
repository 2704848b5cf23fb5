import { scenario } from '../lab.ts'

export default scenario({
  id: 'healthy',
  about: 'a node with two pods to which nothing was done: no finding at all',
  boot: { name: 'quiet' },
  order: -1,
  guest: () => `
    for pod in 1 2; do
      container=$(pod 0b6e2f34-7a51-4c0d-9d1e-5a4c3b2a190$pod $(printf '%064d' $pod) 67108864)
      within "$container" hold anonymous 8
    done
    look booted`,
  looks: () => ({ booted: { says: [] } }),
})
