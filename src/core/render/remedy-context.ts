// What a remedy's commands need to know of this node and this finding.

import type { Language } from '../base/text.ts'
import type { Finding } from '../case/finding.ts'
import type { Report } from '../case/report.ts'
import type { RemedyContext } from '../knowledge/remedies.ts'

export function remedyContext({ node }: Report, { subject }: Finding, language?: Language): RemedyContext {
  return {
    ...(language === undefined ? {} : { language }),
    ...(node.distributionId === undefined ? {} : { distributionId: node.distributionId }),
    ...(node.kernel === undefined ? {} : { kernel: node.kernel }),
    ...(node.cgroup === undefined ? {} : { cgroup: node.cgroup }),
    ...(node.hostname === undefined ? {} : { hostname: node.hostname }),
    ...(subject.path === undefined ? {} : { memcgPath: subject.path }),
    ...(subject.cache === undefined ? {} : { slabCache: subject.cache }),
    ...(subject.podUid === undefined ? {} : { podUid: subject.podUid }),
    ...(subject.namespace === undefined || subject.pod === undefined
      ? {}
      : { namespace: subject.namespace, pod: subject.pod }),
  }
}
