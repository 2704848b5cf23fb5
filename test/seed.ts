// Property tests draw the same cases every time, so that a commit passes or fails for its own sake. New cases are drawn
// by `npm run fuzz`, and by all of them with KMEMSCOPE_SEED=random or the seed that a failure printed.

import fc from 'fast-check'

const asked = process.env['KMEMSCOPE_SEED']

if (asked !== 'random') fc.configureGlobal({ seed: asked === undefined ? 20_261_124 : Number(asked) })
