import { describe, expect, it } from 'vitest'
import { detectors } from '../../../src/core/detectors/index.ts'
import { renderJson, reportJson } from '../../../src/core/render/json.ts'
import { renderMarkdown } from '../../../src/core/render/markdown.ts'
import { plain, renderTerminal } from '../../../src/core/render/terminal.ts'
import { CONTAINER, judge, MIB, of, v1Cgroup, v1Node } from '../node.ts'

const texts = Object.fromEntries(detectors.map(({ id, text }) => [id, text]))

const [, POD_UID = '', ID = ''] = /\/pod([^/]+)\/(.+)$/.exec(CONTAINER) ?? []

const node = (files: Readonly<Record<string, string>>) =>
  judge(
    v1Node('5.10.0', {
      ...v1Cgroup(CONTAINER, { usage: 99 * MIB, limit: 100 * MIB, kmem: 95 * MIB, rss: MIB }),
      ...files,
    }),
  )

describe('the names of a pod and its container', () => {
  const report = node({
    'cri/pods.json': JSON.stringify({
      items: [{ id: '1'.repeat(64), metadata: { name: 'web-0', namespace: 'shop', uid: POD_UID } }],
    }),
    'cri/containers.json': JSON.stringify({
      containers: [{ id: ID, metadata: { name: 'app' }, pod_sandbox_id: '1'.repeat(64) }],
    }),
  })
  const [finding] = of(report, 'kmem-fills-memcg')

  it('are in the subject, beside what identifies them', () => {
    expect(finding?.subject).toMatchObject({
      podUid: POD_UID,
      containerId: ID,
      namespace: 'shop',
      pod: 'web-0',
      container: 'app',
    })
  })

  it('are in every form of the report, and in the commands', () => {
    for (const language of ['en', 'zh'] as const) {
      const forms = [
        renderTerminal(report, { language, texts, style: plain, version: '0', columns: 100 }),
        renderMarkdown(report, texts, language),
      ]
      for (const form of forms) {
        expect(form).toContain(language === 'en' ? 'pod shop/web-0' : 'Pod shop/web-0')
        expect(form).toContain(language === 'en' ? 'container app' : '容器 app')
      }
      expect(forms[0]).toContain('kubectl -n shop describe pod web-0')
      expect(renderJson(reportJson(report, texts, language))).toContain('"container": "app"')
    }
  })
})

it('a name that steers a terminal is shown, not obeyed', () => {
  const report = node({
    'cri/pods.json': JSON.stringify({
      items: [
        {
          id: '1'.repeat(64),
          metadata: { name: "x\x1b[2J\n'; reboot #", namespace: '..', uid: POD_UID },
        },
      ],
    }),
  })
  for (const form of [
    renderTerminal(report, { language: 'en', texts, style: plain, version: '0', columns: 100 }),
    renderMarkdown(report, texts, 'en'),
    renderJson(reportJson(report, texts, 'en')),
  ]) {
    expect(form).not.toContain('\x1b')
    expect(form).not.toContain("x\n'; reboot")
    expect(form).toMatch(/x\\{1,4}(?:x1b|u001b)/)
  }
})

it('without names the UID stands', () => {
  const report = node({})
  expect(of(report, 'kmem-fills-memcg')[0]?.subject.pod).toBeUndefined()
  expect(
    renderTerminal(report, { language: 'en', texts, style: plain, version: '0', columns: 100 }),
  ).toContain(`grep ${POD_UID}`)
})
