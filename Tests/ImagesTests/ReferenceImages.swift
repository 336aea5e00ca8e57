// Made by scripts/golden/images.py with Pillow; not to be edited.

/// A file of some kind, in base64, and the 8-bit RGB pixels that it holds, likewise.
struct ReferenceFile: Sendable {
    let width: Int
    let height: Int
    let file: String
    let pixels: String

    static let rgbPNG = ReferenceFile(
        width: 9, height: 7,
        file: """
            iVBORw0KGgoAAAANSUhEUgAAAAkAAAAHCAIAAABV+fA3AAAAS0lEQVR4nGNk0GBQZUBG/+FsFm4GBm52ZMTIzf4fwobJ8WFBSHKi\
            cMTILfqfWxRNTgaKVGUYuGUw5ZQhiJHb4j82OS0GbkMGbi0GAGRyC5RsHlTTAAAAAElFTkSuQmCC
            """,
        pixels: """
            ACgAJSgASigAbygAlCgAuSj/3ij/Ayj/KCj/CygAMC8AVTYAej0An0QAxEsA6VL/Dln/M2D/FigAOzYAYEQAhVIAqmAAz24A9Hz/\
            GYr/Ppj/ISgARj0Aa1IAkGcAtXwA2pEA/6YAJLv/SdD/LCgAUUQAdmAAm3wAwJgA5bQACtAAL+z/VAj/NygAXEsAgW4AppEAy7QA\
            8NcAFfoAOh0AX0D/QigAZ1IAjHwAsaYA1tAA+/oAICQARU4Aanj/
            """)

    static let interlacedPNG = ReferenceFile(
        width: 9, height: 7,
        file: """
            iVBORw0KGgoAAAANSUhEUgAAAAkAAAAHCAIAAAEi/sChAAAAz0lEQVR42g3LMUgCARSA4R9aRMFNoSFQuOANgkFwQXIhcgUpCB05\
            CIK3CQW6hcgtDi3R4EHDQUPbDW2CDdLi4NbgTQkObQ5Bg4OTDq9bP/hAEFFeBArCLOA2oVSFnxgfXJIRZAXX5t1l6+lFoFSEZ4/v\
            iJzBXV85FnrCVPQgPiWTR4dFl8Mn5cbm1WM9ofindBzGIfsdl3VICSdFGiYDizebeY1fR9NNPXWVvHBlce8w6vDhsfLREONTryPl\
            TGjVGHYJfb4mbJZkdpwf0S7rP3qbRAAU3c4YAAAAAElFTkSuQmCC
            """,
        pixels: """
            ACgAJSgASigAbygAlCgAuSj/3ij/Ayj/KCj/CygAMC8AVTYAej0An0QAxEsA6VL/Dln/M2D/FigAOzYAYEQAhVIAqmAAz24A9Hz/\
            GYr/Ppj/ISgARj0Aa1IAkGcAtXwA2pEA/6YAJLv/SdD/LCgAUUQAdmAAm3wAwJgA5bQACtAAL+z/VAj/NygAXEsAgW4AppEAy7QA\
            8NcAFfoAOh0AX0D/QigAZ1IAjHwAsaYA1tAA+/oAICQARU4Aanj/
            """)

    static let lateTextPNG = ReferenceFile(
        width: 9, height: 7,
        file: """
            iVBORw0KGgoAAAANSUhEUgAAAAkAAAAHCAIAAAEi/sChAAAAz0lEQVR42g3LMUgCARSA4R9aRMFNoSFQuOANgkFwQXIhcgUpCB05\
            CIK3CQW6hcgtDi3R4EHDQUPbDW2CDdLi4NbgTQkObQ5Bg4OTDq9bP/hAEFFeBArCLOA2oVSFnxgfXJIRZAXX5t1l6+lFoFSEZ4/v\
            iJzBXV85FnrCVPQgPiWTR4dFl8Mn5cbm1WM9ofindBzGIfsdl3VICSdFGiYDizebeY1fR9NNPXWVvHBlce8w6vDhsfLREONTryPl\
            TGjVGHYJfb4mbJZkdpwf0S7rP3qbRAAU3c4YAAAAIHpUWHRDb21tZW50AAB4nEtMT8zMU0jMS1FIHGURYAEA/5Zne2/fK3IAAAAX\
            aVRYdFRpdGxlAAEAemgAAHice7l5KQAEyQJCCclk+QAAAABJRU5ErkJggg==
            """,
        pixels: """
            ACgAJSgASigAbygAlCgAuSj/3ij/Ayj/KCj/CygAMC8AVTYAej0An0QAxEsA6VL/Dln/M2D/FigAOzYAYEQAhVIAqmAAz24A9Hz/\
            GYr/Ppj/ISgARj0Aa1IAkGcAtXwA2pEA/6YAJLv/SdD/LCgAUUQAdmAAm3wAwJgA5bQACtAAL+z/VAj/NygAXEsAgW4AppEAy7QA\
            8NcAFfoAOh0AX0D/QigAZ1IAjHwAsaYA1tAA+/oAICQARU4Aanj/
            """)

    static let palettePNG = ReferenceFile(
        width: 5, height: 3,
        file: """
            iVBORw0KGgoAAAANSUhEUgAAAAUAAAADAgMAAAAmWC1rAAAADFBMVEUKFB7IZDIA/wD///9aDoMRAAAAEUlEQVR4nGOQZmAJvMLi\
            KgIABogBoqvmt1sAAAAASUVORK5CYII=
            """,
        pixels: """
            ChQeyGQyAP8A////ChQeyGQyAP8A////ChQeyGQyAP8A////ChQeyGQyAP8A
            """)

    static let transparentPalettePNG = ReferenceFile(
        width: 5, height: 3,
        file: """
            iVBORw0KGgoAAAANSUhEUgAAAAUAAAADAgMAAAAmWC1rAAAADFBMVEUKFB7IZDIA/wD///9aDoMRAAAAA3RSTlOA/wCIZyIsAAAA\
            EUlEQVR4nGOQZmAJvMLiKgIABogBoqvmt1sAAAAASUVORK5CYII=
            """,
        pixels: """
            hImOyGQy////////hImOyGQy////////hImOyGQy////////hImOyGQy////
            """)

    static let alphaPNG = ReferenceFile(
        width: 4, height: 2,
        file: """
            iVBORw0KGgoAAAANSUhEUgAAAAQAAAACCAYAAAB/qH1jAAAAGklEQVR4nGNkOBHFIPeGQQWGWSo2MExAFgAAqkgJ9GciobAAAAAA\
            SUVORK5CYII=
            """,
        pixels: """
            ////3/ToyOTQuc65s7OitZKLv2tz0z5c
            """)

    static let oneBitPNG = ReferenceFile(
        width: 4, height: 2,
        file: """
            iVBORw0KGgoAAAANSUhEUgAAAAQAAAACAQAAAABX00DOAAAADElEQVR42mMIYFgAAAGUAPFMzw75AAAAAElFTkSuQmCC
            """,
        pixels: """
            AAAA////AAAA////////AAAA////AAAA
            """)

    static let greyAlphaPNG = ReferenceFile(
        width: 2, height: 1,
        file: """
            iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAQAAABeK7cBAAAADUlEQVR42mNI+Z9iDAAFjQH7Gomn7AAAAABJRU5ErkJggg==
            """,
        pixels: """
            ZGRk4ODg
            """)

    static let deepPNG = ReferenceFile(
        width: 2, height: 1,
        file: """
            iVBORw0KGgoAAAANSUhEUgAAAAIAAAABEAIAAAAr0DSeAAAAFUlEQVR42mNgYPj/v4GBkZGxnrEJABkKA4SK6iswAAAAAElFTkSu\
            QmCC
            """,
        pixels: """
            AP+AAQEC
            """)

    static let deepTransparentPNG = ReferenceFile(
        width: 2, height: 1,
        file: """
            iVBORw0KGgoAAAANSUhEUgAAAAIAAAABEAAAAACB2fwVAAAAAnRSTlMD6PNv9LEAAAANSURBVHjaY2B+wfwSAAO4AdgnHA/lAAAA\
            AElFTkSuQmCC
            """,
        pixels: """
            ////BAQE
            """)

    static let linearPNG = ReferenceFile(
        width: 3, height: 1,
        file: """
            iVBORw0KGgoAAAANSUhEUgAAAAMAAAABCAAAAAA+i0toAAAABGdBTUEAAYagMeiWXwAAAAxJREFUeNpjYGj4DwACAwGAGpwmOwAA\
            AABJRU5ErkJggg==
            """,
        pixels: """
            AAAAurq6////
            """)

    static let jpeg = ReferenceFile(
        width: 16, height: 12,
        file: """
            /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgMCAgMDAwMEAwMEBQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMU\
            FRUVDA8XGBYUGBIUFRT/2wBDAQMEBAUEBQkFBQkUDQsNFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU\
            FBQUFBQUFBT/wAARCAAMABADASIAAhEBAxEB/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUF\
            BAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVW\
            V1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi\
            4+Tl5ufo6erx8vP09fb3+Pn6/8QAHwEAAwEBAQEBAQEBAQAAAAAAAAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAEC\
            AxEEBSExBhJBUQdhcRMiMoEIFEKRobHBCSMzUvAVYnLRChYkNOEl8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVm\
            Z2hpanN0dXZ3eHl6goOEhYaHiImKkpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq\
            8vP09fb3+Pn6/9oADAMBAAIRAxEAPwD5/wDCPwD+5/o36V7Z4R+Af3P9G/8AHa+ifCHg3S/k/cV7Z4R8G6X8n7j+VePnXG+K13Pn\
            /DLxFxn7vc//2Q==
            """,
        pixels: """
            AAN4CQR6GQZ8KwV8PgR8TwR7YgR8cAR7gAR8jgV5oAV7sgV5xQR71wN75gV78Ad9BxR9DxaAIBeCMReCRRWCVxWBaBaCdxWChxeD\
            lxiDpxiCuRiCzRaC3haB7xeC9xqECSyAEi6CIy+DMy+DRi2BWS2CaS6CeC2CiC+Dly6CqS+Cui+Czy2C3y2B8C6E+DCGCEN/EUV/\
            IkaCM0aBRkWBWESBaUWCeEWAh0WClkWAqUWBu0WBzUN+3kSA7kSC9keCBlp8EFx8IV1/MV2ARFx+Vlx+Z11/dl19iF+Bll9/qF5/\
            ul+AzF1+3lx+7l6B9mGBB3J8D3R8IHR/MXWAQ3N9VXN9ZnR9dXR8hnV/lHV9p3V+uHV+y3R93XN97XV/9XeCCYh9EYt+IYyCMoyC\
            RYuBV4qBaIyCd4uAhoyAlYt/qIyAuox/zYt/3Yt/7YuA9o6DCJ98EaF+IaOBMaOCRKGCVqGAaaKCeKGBiKOClaOAqKSBuqOBzaKA\
            3qKA76OD+KWFCLd+EbiAIbqCM7qCRrmCV7mAarmCeLmBh7qBlrl/qLqAurmAzbh/3biB7rqB+LuEB8x9Ec5+IM+AMs+CRc6AWM6A\
            ac6Ad85/idKDmNGCqtGCvNGCzs+B38+B8NCD+dKDDOSBFeaBJeeENeiESOeDWuaDbeeEfOaCiuaDmOaBquaCvOaCz+WB4OWB8uaE\
            +uiEEfOFGfWHK/eIO/eHTvaJX/WHcvaJgPaIkfeJn/eHsveKw/eI1vaJ6PWJ+PiK//mM
            """)

    static let progressiveJPEG = ReferenceFile(
        width: 16, height: 12,
        file: """
            /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgMCAgMDAwMEAwMEBQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMU\
            FRUVDA8XGBYUGBIUFRT/2wBDAQMEBAUEBQkFBQkUDQsNFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU\
            FBQUFBQUFBT/wgARCAAMABADAREAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAABgf/xAAXAQADAQAAAAAAAAAAAAAAAAAFBgcI\
            /9oADAMBAAIQAxAAAAGfsgtsArdEWcmtgFb/AP/EABcQAQEBAQAAAAAAAAAAAAAAAAQAAwX/2gAIAQEAAQUCJwInAiDyiDyv/8QA\
            GREAAwADAAAAAAAAAAAAAAAAAAUhAwQx/9oACAEDAQE/AVjblFjblFmzklFmzklP/8QAGBEAAgMAAAAAAAAAAAAAAAAAAAMCBWH/\
            2gAIAQIBAT8BdY6OsdHPmPfM/8QAFhABAQEAAAAAAAAAAAAAAAAAADEy/9oACAEBAAY/Assoj//EABcQAQEBAQAAAAAAAAAAAAAA\
            AAAhMcH/2gAIAQEAAT8hyMuEzM//2gAMAwEAAgADAAAAEG5v/8QAFBEBAAAAAAAAAAAAAAAAAAAAIP/aAAgBAwEBPxARFKf/xAAW\
            EQEBAQAAAAAAAAAAAAAAAAAAITH/2gAIAQIBAT8Q3Ny2qa//xAAWEAEBAQAAAAAAAAAAAAAAAADxABD/2gAIAQEAAT8QD00wd//Z
            """,
        pixels: """
            AACCDQGBIQGAMwB/QgGBUwCCZwGBdQGAhwCAlQB+qgB/ugB/yQCA2wCA7wCB/QB/ARaDDxaBIxaANRWARBaCVRWDaRaCdxaBihaB\
            mheBrRaBvRaAzBeC3haD8haC/xWBATCADzB/IzB/NC9/Qi+AVTCAaC+Adi9/iC9/li9+rC99vC9+yy+A3C9/8C9+/i99AEaBDkZ/\
            Ikd+M0Z+QkeBVEaBaEeAdkd+h0aAlkV/qkV9u0Z9ykV+20aA7kV+/UR9AFyDEFuCJFyBNFyARFyCVFyDaFyCd1uBi12CmV2BrFyB\
            vlyCzFyC3luD8lyC/1yBAnODD3OCI3J/NXOCQ3KCU3OCaXKBdnKAiXKCl3OBq3OAvHJ/y3OD3XKC8XOB/3OAAI2BDoyAIox+NIx+\
            Q42AU42BZ42Adox/iIx+lYx9qYx+u4t9yox/24uA74p+/Yx+AqGBEKGAJKF/NaF/RKGCVaKCaqGBeKF/iqKCmKKArKJ/vqF/zaKA\
            3qGC8qKB/6KAArmAELl+JLl/Nbl/RLqAVbqAarmAeLl/ibiBl7h/q7l+vbh+zLl/3bl/8bl+/7l9AM+BDs+AI85/M89+Qs+BVc+C\
            aM+Ads9/itGFmtCErc+CvtGCzdCD3dCC8dCB/8+AAOqBDeqAIet/M+qAQeuBU+qBZ+qAdep/huiBleiAqeh/ueh+yeiA2eh/7el+\
            /eh9AP2BDvyAIv1/NPyAQ/2CU/2CZ/2Advx/ifyDl/yCq/2BvPyBy/2C3f2C8f2B/v1/
            """)

    static let greyJPEG = ReferenceFile(
        width: 16, height: 12,
        file: """
            /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgMCAgMDAwMEAwMEBQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMU\
            FRUVDA8XGBYUGBIUFRT/wAALCAAMABABAREA/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUF\
            BAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVW\
            V1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi\
            4+Tl5ufo6erx8vP09fb3+Pn6/9oACAEBAAA/APn/AMI/AP7n+jfpXtnhH4B/c/0b/wAdr6J8IeDdL+T9xXtnhHwbpfyfuP5V/9k=
            """,
        pixels: """
            Dw8PExMTGRkZHh4eIyMjKCgoLi4uMjIyNzc3Ozs7QUFBRkZGS0tLUFBQVlZWWlpaHBwcICAgJiYmKysrMDAwNTU1Ozs7Pz8/RUVF\
            SkpKT09PVFRUWVlZXl5eZGRkaGhoKysrLy8vNTU1Ojo6Pj4+RERESUlJTU1NU1NTV1dXXV1dYmJiZ2dnbGxscnJydnZ2ODg4PDw8\
            QkJCR0dHTExMUVFRV1dXW1tbYGBgZGRkampqb29vc3NzeXl5fn5+goKCRUVFSUlJT09PVFRUWVlZXl5eZGRkaGhob29vc3NzeHh4\
            fn5+goKCh4eHjY2NkZGRU1NTV1dXXFxcYmJiZmZma2trcXFxdXV1e3t7f39/hYWFioqKj4+PlJSUmpqanp6eYWFhZWVla2trcHBw\
            dXV1enp6gICAhISEiYmJjY2Nk5OTmJiYnZ2doqKip6enrKysbm5ucnJyeHh4fX19goKCh4eHjY2NkZGRl5eXm5uboaGhpqamq6ur\
            sLCwtra2urq6fHx8gICAhoaGi4uLkJCQlZWVm5ubn5+fpKSkqKiorq6us7OzuLi4vb29w8PDx8fHiIiIjIyMkpKSl5eXnJycoqKi\
            p6enq6urs7Ozt7e3vLy8wsLCxsbGy8vL0dHR1dXVmJiYnJycoqKip6enrKyssbGxt7e3u7u7v7+/w8PDycnJzs7O09PT2NjY3t7e\
            4uLio6Ojp6enra2tsrKyt7e3vLy8wsLCxsbGzMzM0NDQ1tbW29vb4ODg5eXl6+vr7+/v
            """)

    static let orientation1JPEG = ReferenceFile(
        width: 16, height: 12,
        file: """
            /9j/4AAQSkZJRgABAQAAAQABAAD/4QAiRXhpZgAATU0AKgAAAAgAAQESAAMAAAABAAEAAAAAAAD/2wBDAAMCAgMCAgMDAwMEAwME\
            BQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMUFRUVDA8XGBYUGBIUFRT/2wBDAQMEBAUEBQkFBQkUDQsNFBQUFBQU\
            FBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBT/wAARCAAMABADAREAAhEBAxEB/8QAHwAAAQUBAQEB\
            AQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAk\
            M2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKj\
            pKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/8QAHwEAAwEBAQEBAQEBAQAAAAAA\
            AAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdhcRMiMoEIFEKRobHBCSMzUvAVYnLRChYkNOEl\
            8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6goOEhYaHiImKkpOUlZaXmJmaoqOkpaanqKmq\
            srO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq8vP09fb3+Pn6/9oADAMBAAIRAxEAPwD5/wDCPwD+5/o36V+k43iP\
            f3j5jhjiz4fePbPCPwD+5/o3/jtfA43iPf3j+tuGOLPh94+ifCHg3S/k/cV+ZY3HV9dT/JrhjMsT7vvHtnhHwbpfyfuP5V8FjsdX\
            11P624YzLE+77x//2Q==
            """,
        pixels: """
            AACCDQGBIQGAMwB/QgGBUwCCZwGBdQGAhwCAlQB+qgB/ugB/yQCA2wCA7wCB/QB/ARaDDxaBIxaANRWARBaCVRWDaRaCdxaBihaB\
            mheBrRaBvRaAzBeC3haD8haC/xWBATCADzB/IzB/NC9/Qi+AVTCAaC+Adi9/iC9/li9+rC99vC9+yy+A3C9/8C9+/i99AEaBDkZ/\
            Ikd+M0Z+QkeBVEaBaEeAdkd+h0aAlkV/qkV9u0Z9ykV+20aA7kV+/UR9AFyDEFuCJFyBNFyARFyCVFyDaFyCd1uBi12CmV2BrFyB\
            vlyCzFyC3luD8lyC/1yBAnODD3OCI3J/NXOCQ3KCU3OCaXKBdnKAiXKCl3OBq3OAvHJ/y3OD3XKC8XOB/3OAAI2BDoyAIox+NIx+\
            Q42AU42BZ42Adox/iIx+lYx9qYx+u4t9yox/24uA74p+/Yx+AqGBEKGAJKF/NaF/RKGCVaKCaqGBeKF/iqKCmKKArKJ/vqF/zaKA\
            3qGC8qKB/6KAArmAELl+JLl/Nbl/RLqAVbqAarmAeLl/ibiBl7h/q7l+vbh+zLl/3bl/8bl+/7l9AM+BDs+AI85/M89+Qs+BVc+C\
            aM+Ads9/itGFmtCErc+CvtGCzdCD3dCC8dCB/8+AAOqBDeqAIet/M+qAQeuBU+qBZ+qAdep/huiBleiAqeh/ueh+yeiA2eh/7el+\
            /eh9AP2BDvyAIv1/NPyAQ/2CU/2CZ/2Advx/ifyDl/yCq/2BvPyBy/2C3f2C8f2B/v1/
            """)

    static let orientation2JPEG = ReferenceFile(
        width: 16, height: 12,
        file: """
            /9j/4AAQSkZJRgABAQAAAQABAAD/4QAiRXhpZgAASUkqAAgAAAABABIBAwABAAAAAgAAAAAAAAD/2wBDAAMCAgMCAgMDAwMEAwME\
            BQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMUFRUVDA8XGBYUGBIUFRT/2wBDAQMEBAUEBQkFBQkUDQsNFBQUFBQU\
            FBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBT/wAARCAAMABADAREAAhEBAxEB/8QAHwAAAQUBAQEB\
            AQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAk\
            M2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKj\
            pKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/8QAHwEAAwEBAQEBAQEBAQAAAAAA\
            AAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdhcRMiMoEIFEKRobHBCSMzUvAVYnLRChYkNOEl\
            8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6goOEhYaHiImKkpOUlZaXmJmaoqOkpaanqKmq\
            srO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq8vP09fb3+Pn6/9oADAMBAAIRAxEAPwD5/wDCPwD+5/o36V+k43iP\
            f3j5jhjiz4fePbPCPwD+5/o3/jtfA43iPf3j+tuGOLPh94+ifCHg3S/k/cV+ZY3HV9dT/JrhjMsT7vvHtnhHwbpfyfuP5V8FjsdX\
            11P624YzLE+77x//2Q==
            """,
        pixels: """
            /QB/7wCB2wCAyQCAugB/qgB/lQB+hwCAdQGAZwGBUwCCQgGBMwB/IQGADQGBAACC/xWB8haC3haDzBeCvRaArRaBmheBihaBdxaB\
            aRaCVRWDRBaCNRWAIxaADxaBARaD/i998C9+3C9/yy+AvC9+rC99li9+iC9/di9/aC+AVTCAQi+ANC9/IzB/DzB/ATCA/UR97kV+\
            20aAykV+u0Z9qkV9lkV/h0aAdkd+aEeAVEaBQkeBM0Z+Ikd+DkZ/AEaB/1yB8lyC3luDzFyCvlyCrFyBmV2Bi12Cd1uBaFyCVFyD\
            RFyCNFyAJFyBEFuCAFyD/3OA8XOB3XKCy3ODvHJ/q3OAl3OBiXKCdnKAaXKBU3OCQ3KCNXOCI3J/D3OCAnOD/Yx+74p+24uAyox/\
            u4t9qYx+lYx9iIx+dox/Z42AU42BQ42ANIx+Iox+DoyAAI2B/6KA8qKB3qGCzaKAvqF/rKJ/mKKAiqKCeKF/aqGBVaKCRKGCNaF/\
            JKF/EKGAAqGB/7l98bl+3bl/zLl/vbh+q7l+l7h/ibiBeLl/armAVbqARLqANbl/JLl/ELl+ArmA/8+A8dCB3dCCzdCDvtGCrc+C\
            mtCEitGFds9/aM+AVc+CQs+BM89+I85/Ds+AAM+B/eh97el+2eh/yeiAueh+qeh/leiAhuiBdep/Z+qAU+qBQeuBM+qAIet/DeqA\
            AOqB/v1/8f2B3f2Cy/2CvPyBq/2Bl/yCifyDdvx/Z/2AU/2CQ/2CNPyAIv1/DvyAAP2B
            """)

    static let orientation3JPEG = ReferenceFile(
        width: 16, height: 12,
        file: """
            /9j/4AAQSkZJRgABAQAAAQABAAD/4QAiRXhpZgAATU0AKgAAAAgAAQESAAMAAAABAAMAAAAAAAD/2wBDAAMCAgMCAgMDAwMEAwME\
            BQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMUFRUVDA8XGBYUGBIUFRT/2wBDAQMEBAUEBQkFBQkUDQsNFBQUFBQU\
            FBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBT/wAARCAAMABADAREAAhEBAxEB/8QAHwAAAQUBAQEB\
            AQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAk\
            M2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKj\
            pKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/8QAHwEAAwEBAQEBAQEBAQAAAAAA\
            AAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdhcRMiMoEIFEKRobHBCSMzUvAVYnLRChYkNOEl\
            8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6goOEhYaHiImKkpOUlZaXmJmaoqOkpaanqKmq\
            srO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq8vP09fb3+Pn6/9oADAMBAAIRAxEAPwD5/wDCPwD+5/o36V+k43iP\
            f3j5jhjiz4fePbPCPwD+5/o3/jtfA43iPf3j+tuGOLPh94+ifCHg3S/k/cV+ZY3HV9dT/JrhjMsT7vvHtnhHwbpfyfuP5V8FjsdX\
            11P624YzLE+77x//2Q==
            """,
        pixels: """
            /v1/8f2B3f2Cy/2CvPyBq/2Bl/yCifyDdvx/Z/2AU/2CQ/2CNPyAIv1/DvyAAP2B/eh97el+2eh/yeiAueh+qeh/leiAhuiBdep/\
            Z+qAU+qBQeuBM+qAIet/DeqAAOqB/8+A8dCB3dCCzdCDvtGCrc+CmtCEitGFds9/aM+AVc+CQs+BM89+I85/Ds+AAM+B/7l98bl+\
            3bl/zLl/vbh+q7l+l7h/ibiBeLl/armAVbqARLqANbl/JLl/ELl+ArmA/6KA8qKB3qGCzaKAvqF/rKJ/mKKAiqKCeKF/aqGBVaKC\
            RKGCNaF/JKF/EKGAAqGB/Yx+74p+24uAyox/u4t9qYx+lYx9iIx+dox/Z42AU42BQ42ANIx+Iox+DoyAAI2B/3OA8XOB3XKCy3OD\
            vHJ/q3OAl3OBiXKCdnKAaXKBU3OCQ3KCNXOCI3J/D3OCAnOD/1yB8lyC3luDzFyCvlyCrFyBmV2Bi12Cd1uBaFyCVFyDRFyCNFyA\
            JFyBEFuCAFyD/UR97kV+20aAykV+u0Z9qkV9lkV/h0aAdkd+aEeAVEaBQkeBM0Z+Ikd+DkZ/AEaB/i998C9+3C9/yy+AvC9+rC99\
            li9+iC9/di9/aC+AVTCAQi+ANC9/IzB/DzB/ATCA/xWB8haC3haDzBeCvRaArRaBmheBihaBdxaBaRaCVRWDRBaCNRWAIxaADxaB\
            ARaD/QB/7wCB2wCAyQCAugB/qgB/lQB+hwCAdQGAZwGBUwCCQgGBMwB/IQGADQGBAACC
            """)

    static let orientation4JPEG = ReferenceFile(
        width: 16, height: 12,
        file: """
            /9j/4AAQSkZJRgABAQAAAQABAAD/4QAiRXhpZgAASUkqAAgAAAABABIBAwABAAAABAAAAAAAAAD/2wBDAAMCAgMCAgMDAwMEAwME\
            BQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMUFRUVDA8XGBYUGBIUFRT/2wBDAQMEBAUEBQkFBQkUDQsNFBQUFBQU\
            FBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBT/wAARCAAMABADAREAAhEBAxEB/8QAHwAAAQUBAQEB\
            AQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAk\
            M2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKj\
            pKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/8QAHwEAAwEBAQEBAQEBAQAAAAAA\
            AAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdhcRMiMoEIFEKRobHBCSMzUvAVYnLRChYkNOEl\
            8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6goOEhYaHiImKkpOUlZaXmJmaoqOkpaanqKmq\
            srO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq8vP09fb3+Pn6/9oADAMBAAIRAxEAPwD5/wDCPwD+5/o36V+k43iP\
            f3j5jhjiz4fePbPCPwD+5/o3/jtfA43iPf3j+tuGOLPh94+ifCHg3S/k/cV+ZY3HV9dT/JrhjMsT7vvHtnhHwbpfyfuP5V8FjsdX\
            11P624YzLE+77x//2Q==
            """,
        pixels: """
            AP2BDvyAIv1/NPyAQ/2CU/2CZ/2Advx/ifyDl/yCq/2BvPyBy/2C3f2C8f2B/v1/AOqBDeqAIet/M+qAQeuBU+qBZ+qAdep/huiB\
            leiAqeh/ueh+yeiA2eh/7el+/eh9AM+BDs+AI85/M89+Qs+BVc+CaM+Ads9/itGFmtCErc+CvtGCzdCD3dCC8dCB/8+AArmAELl+\
            JLl/Nbl/RLqAVbqAarmAeLl/ibiBl7h/q7l+vbh+zLl/3bl/8bl+/7l9AqGBEKGAJKF/NaF/RKGCVaKCaqGBeKF/iqKCmKKArKJ/\
            vqF/zaKA3qGC8qKB/6KAAI2BDoyAIox+NIx+Q42AU42BZ42Adox/iIx+lYx9qYx+u4t9yox/24uA74p+/Yx+AnODD3OCI3J/NXOC\
            Q3KCU3OCaXKBdnKAiXKCl3OBq3OAvHJ/y3OD3XKC8XOB/3OAAFyDEFuCJFyBNFyARFyCVFyDaFyCd1uBi12CmV2BrFyBvlyCzFyC\
            3luD8lyC/1yBAEaBDkZ/Ikd+M0Z+QkeBVEaBaEeAdkd+h0aAlkV/qkV9u0Z9ykV+20aA7kV+/UR9ATCADzB/IzB/NC9/Qi+AVTCA\
            aC+Adi9/iC9/li9+rC99vC9+yy+A3C9/8C9+/i99ARaDDxaBIxaANRWARBaCVRWDaRaCdxaBihaBmheBrRaBvRaAzBeC3haD8haC\
            /xWBAACCDQGBIQGAMwB/QgGBUwCCZwGBdQGAhwCAlQB+qgB/ugB/yQCA2wCA7wCB/QB/
            """)

    static let orientation5JPEG = ReferenceFile(
        width: 12, height: 16,
        file: """
            /9j/4AAQSkZJRgABAQAAAQABAAD/4QAiRXhpZgAATU0AKgAAAAgAAQESAAMAAAABAAUAAAAAAAD/2wBDAAMCAgMCAgMDAwMEAwME\
            BQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMUFRUVDA8XGBYUGBIUFRT/2wBDAQMEBAUEBQkFBQkUDQsNFBQUFBQU\
            FBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBT/wAARCAAMABADAREAAhEBAxEB/8QAHwAAAQUBAQEB\
            AQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAk\
            M2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKj\
            pKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/8QAHwEAAwEBAQEBAQEBAQAAAAAA\
            AAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdhcRMiMoEIFEKRobHBCSMzUvAVYnLRChYkNOEl\
            8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6goOEhYaHiImKkpOUlZaXmJmaoqOkpaanqKmq\
            srO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq8vP09fb3+Pn6/9oADAMBAAIRAxEAPwD5/wDCPwD+5/o36V+k43iP\
            f3j5jhjiz4fePbPCPwD+5/o3/jtfA43iPf3j+tuGOLPh94+ifCHg3S/k/cV+ZY3HV9dT/JrhjMsT7vvHtnhHwbpfyfuP5V8FjsdX\
            11P624YzLE+77x//2Q==
            """,
        pixels: """
            AACCARaDATCAAEaBAFyDAnODAI2BAqGBArmAAM+BAOqBAP2BDQGBDxaBDzB/DkZ/EFuCD3OCDoyAEKGAELl+Ds+ADeqADvyAIQGA\
            IxaAIzB/Ikd+JFyBI3J/Iox+JKF/JLl/I85/Iet/Iv1/MwB/NRWANC9/M0Z+NFyANXOCNIx+NaF/Nbl/M89+M+qANPyAQgGBRBaC\
            Qi+AQkeBRFyCQ3KCQ42ARKGCRLqAQs+BQeuBQ/2CUwCCVRWDVTCAVEaBVFyDU3OCU42BVaKCVbqAVc+CU+qBU/2CZwGBaRaCaC+A\
            aEeAaFyCaXKBZ42AaqGBarmAaM+AZ+qAZ/2AdQGAdxaBdi9/dkd+d1uBdnKAdox/eKF/eLl/ds9/dep/dvx/hwCAihaBiC9/h0aA\
            i12CiXKCiIx+iqKCibiBitGFhuiBifyDlQB+mheBli9+lkV/mV2Bl3OBlYx9mKKAl7h/mtCEleiAl/yCqgB/rRaBrC99qkV9rFyB\
            q3OAqYx+rKJ/q7l+rc+Cqeh/q/2BugB/vRaAvC9+u0Z9vlyCvHJ/u4t9vqF/vbh+vtGCueh+vPyByQCAzBeCyy+AykV+zFyCy3OD\
            yox/zaKAzLl/zdCDyeiAy/2C2wCA3haD3C9/20aA3luD3XKC24uA3qGC3bl/3dCC2eh/3f2C7wCB8haC8C9+7kV+8lyC8XOB74p+\
            8qKB8bl+8dCB7el+8f2B/QB//xWB/i99/UR9/1yB/3OA/Yx+/6KA/7l9/8+A/eh9/v1/
            """)

    static let orientation6JPEG = ReferenceFile(
        width: 12, height: 16,
        file: """
            /9j/4AAQSkZJRgABAQAAAQABAAD/4QAiRXhpZgAASUkqAAgAAAABABIBAwABAAAABgAAAAAAAAD/2wBDAAMCAgMCAgMDAwMEAwME\
            BQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMUFRUVDA8XGBYUGBIUFRT/2wBDAQMEBAUEBQkFBQkUDQsNFBQUFBQU\
            FBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBT/wAARCAAMABADAREAAhEBAxEB/8QAHwAAAQUBAQEB\
            AQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAk\
            M2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKj\
            pKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/8QAHwEAAwEBAQEBAQEBAQAAAAAA\
            AAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdhcRMiMoEIFEKRobHBCSMzUvAVYnLRChYkNOEl\
            8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6goOEhYaHiImKkpOUlZaXmJmaoqOkpaanqKmq\
            srO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq8vP09fb3+Pn6/9oADAMBAAIRAxEAPwD5/wDCPwD+5/o36V+k43iP\
            f3j5jhjiz4fePbPCPwD+5/o3/jtfA43iPf3j+tuGOLPh94+ifCHg3S/k/cV+ZY3HV9dT/JrhjMsT7vvHtnhHwbpfyfuP5V8FjsdX\
            11P624YzLE+77x//2Q==
            """,
        pixels: """
            AP2BAOqBAM+BArmAAqGBAI2BAnODAFyDAEaBATCAARaDAACCDvyADeqADs+AELl+EKGADoyAD3OCEFuCDkZ/DzB/DxaBDQGBIv1/\
            Iet/I85/JLl/JKF/Iox+I3J/JFyBIkd+IzB/IxaAIQGANPyAM+qAM89+Nbl/NaF/NIx+NXOCNFyAM0Z+NC9/NRWAMwB/Q/2CQeuB\
            Qs+BRLqARKGCQ42AQ3KCRFyCQkeBQi+ARBaCQgGBU/2CU+qBVc+CVbqAVaKCU42BU3OCVFyDVEaBVTCAVRWDUwCCZ/2AZ+qAaM+A\
            armAaqGBZ42AaXKBaFyCaEeAaC+AaRaCZwGBdvx/dep/ds9/eLl/eKF/dox/dnKAd1uBdkd+di9/dxaBdQGAifyDhuiBitGFibiB\
            iqKCiIx+iXKCi12Ch0aAiC9/ihaBhwCAl/yCleiAmtCEl7h/mKKAlYx9l3OBmV2BlkV/li9+mheBlQB+q/2Bqeh/rc+Cq7l+rKJ/\
            qYx+q3OArFyBqkV9rC99rRaBqgB/vPyBueh+vtGCvbh+vqF/u4t9vHJ/vlyCu0Z9vC9+vRaAugB/y/2CyeiAzdCDzLl/zaKAyox/\
            y3ODzFyCykV+yy+AzBeCyQCA3f2C2eh/3dCC3bl/3qGC24uA3XKC3luD20aA3C9/3haD2wCA8f2B7el+8dCB8bl+8qKB74p+8XOB\
            8lyC7kV+8C9+8haC7wCB/v1//eh9/8+A/7l9/6KA/Yx+/3OA/1yB/UR9/i99/xWB/QB/
            """)

    static let orientation7JPEG = ReferenceFile(
        width: 12, height: 16,
        file: """
            /9j/4AAQSkZJRgABAQAAAQABAAD/4QAiRXhpZgAATU0AKgAAAAgAAQESAAMAAAABAAcAAAAAAAD/2wBDAAMCAgMCAgMDAwMEAwME\
            BQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMUFRUVDA8XGBYUGBIUFRT/2wBDAQMEBAUEBQkFBQkUDQsNFBQUFBQU\
            FBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBT/wAARCAAMABADAREAAhEBAxEB/8QAHwAAAQUBAQEB\
            AQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAk\
            M2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKj\
            pKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/8QAHwEAAwEBAQEBAQEBAQAAAAAA\
            AAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdhcRMiMoEIFEKRobHBCSMzUvAVYnLRChYkNOEl\
            8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6goOEhYaHiImKkpOUlZaXmJmaoqOkpaanqKmq\
            srO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq8vP09fb3+Pn6/9oADAMBAAIRAxEAPwD5/wDCPwD+5/o36V+k43iP\
            f3j5jhjiz4fePbPCPwD+5/o3/jtfA43iPf3j+tuGOLPh94+ifCHg3S/k/cV+ZY3HV9dT/JrhjMsT7vvHtnhHwbpfyfuP5V8FjsdX\
            11P624YzLE+77x//2Q==
            """,
        pixels: """
            /v1//eh9/8+A/7l9/6KA/Yx+/3OA/1yB/UR9/i99/xWB/QB/8f2B7el+8dCB8bl+8qKB74p+8XOB8lyC7kV+8C9+8haC7wCB3f2C\
            2eh/3dCC3bl/3qGC24uA3XKC3luD20aA3C9/3haD2wCAy/2CyeiAzdCDzLl/zaKAyox/y3ODzFyCykV+yy+AzBeCyQCAvPyBueh+\
            vtGCvbh+vqF/u4t9vHJ/vlyCu0Z9vC9+vRaAugB/q/2Bqeh/rc+Cq7l+rKJ/qYx+q3OArFyBqkV9rC99rRaBqgB/l/yCleiAmtCE\
            l7h/mKKAlYx9l3OBmV2BlkV/li9+mheBlQB+ifyDhuiBitGFibiBiqKCiIx+iXKCi12Ch0aAiC9/ihaBhwCAdvx/dep/ds9/eLl/\
            eKF/dox/dnKAd1uBdkd+di9/dxaBdQGAZ/2AZ+qAaM+AarmAaqGBZ42AaXKBaFyCaEeAaC+AaRaCZwGBU/2CU+qBVc+CVbqAVaKC\
            U42BU3OCVFyDVEaBVTCAVRWDUwCCQ/2CQeuBQs+BRLqARKGCQ42AQ3KCRFyCQkeBQi+ARBaCQgGBNPyAM+qAM89+Nbl/NaF/NIx+\
            NXOCNFyAM0Z+NC9/NRWAMwB/Iv1/Iet/I85/JLl/JKF/Iox+I3J/JFyBIkd+IzB/IxaAIQGADvyADeqADs+AELl+EKGADoyAD3OC\
            EFuCDkZ/DzB/DxaBDQGBAP2BAOqBAM+BArmAAqGBAI2BAnODAFyDAEaBATCAARaDAACC
            """)

    static let orientation8JPEG = ReferenceFile(
        width: 12, height: 16,
        file: """
            /9j/4AAQSkZJRgABAQAAAQABAAD/4QAiRXhpZgAASUkqAAgAAAABABIBAwABAAAACAAAAAAAAAD/2wBDAAMCAgMCAgMDAwMEAwME\
            BQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMUFRUVDA8XGBYUGBIUFRT/2wBDAQMEBAUEBQkFBQkUDQsNFBQUFBQU\
            FBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBT/wAARCAAMABADAREAAhEBAxEB/8QAHwAAAQUBAQEB\
            AQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAk\
            M2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKj\
            pKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/8QAHwEAAwEBAQEBAQEBAQAAAAAA\
            AAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdhcRMiMoEIFEKRobHBCSMzUvAVYnLRChYkNOEl\
            8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6goOEhYaHiImKkpOUlZaXmJmaoqOkpaanqKmq\
            srO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq8vP09fb3+Pn6/9oADAMBAAIRAxEAPwD5/wDCPwD+5/o36V+k43iP\
            f3j5jhjiz4fePbPCPwD+5/o3/jtfA43iPf3j+tuGOLPh94+ifCHg3S/k/cV+ZY3HV9dT/JrhjMsT7vvHtnhHwbpfyfuP5V8FjsdX\
            11P624YzLE+77x//2Q==
            """,
        pixels: """
            /QB//xWB/i99/UR9/1yB/3OA/Yx+/6KA/7l9/8+A/eh9/v1/7wCB8haC8C9+7kV+8lyC8XOB74p+8qKB8bl+8dCB7el+8f2B2wCA\
            3haD3C9/20aA3luD3XKC24uA3qGC3bl/3dCC2eh/3f2CyQCAzBeCyy+AykV+zFyCy3ODyox/zaKAzLl/zdCDyeiAy/2CugB/vRaA\
            vC9+u0Z9vlyCvHJ/u4t9vqF/vbh+vtGCueh+vPyBqgB/rRaBrC99qkV9rFyBq3OAqYx+rKJ/q7l+rc+Cqeh/q/2BlQB+mheBli9+\
            lkV/mV2Bl3OBlYx9mKKAl7h/mtCEleiAl/yChwCAihaBiC9/h0aAi12CiXKCiIx+iqKCibiBitGFhuiBifyDdQGAdxaBdi9/dkd+\
            d1uBdnKAdox/eKF/eLl/ds9/dep/dvx/ZwGBaRaCaC+AaEeAaFyCaXKBZ42AaqGBarmAaM+AZ+qAZ/2AUwCCVRWDVTCAVEaBVFyD\
            U3OCU42BVaKCVbqAVc+CU+qBU/2CQgGBRBaCQi+AQkeBRFyCQ3KCQ42ARKGCRLqAQs+BQeuBQ/2CMwB/NRWANC9/M0Z+NFyANXOC\
            NIx+NaF/Nbl/M89+M+qANPyAIQGAIxaAIzB/Ikd+JFyBI3J/Iox+JKF/JLl/I85/Iet/Iv1/DQGBDxaBDzB/DkZ/EFuCD3OCDoyA\
            EKGAELl+Ds+ADeqADvyAAACCARaDATCAAEaBAFyDAnODAI2BAqGBArmAAM+BAOqBAP2B
            """)

    static let cmykJPEG = ReferenceFile(
        width: 8, height: 8,
        file: """
            /9j/7gAOQWRvYmUAZAAAAAAA/9sAQwACAQEBAQECAQEBAgICAgIEAwICAgIFBAQDBAYFBgYGBQYGBgcJCAYHCQcGBggLCAkKCgoK\
            CgYICwwLCgwJCgoK/8AAFAgACAAIBEMRAE0RAFkRAEsRAP/EAB8AAAEFAQEBAQEBAAAAAAAAAAABAgMEBQYHCAkKC//EALUQAAIB\
            AwMCBAMFBQQEAAABfQECAwAEEQUSITFBBhNRYQcicRQygZGhCCNCscEVUtHwJDNicoIJChYXGBkaJSYnKCkqNDU2Nzg5OkNERUZH\
            SElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6g4SFhoeIiYqSk5SVlpeYmZqio6Slpqeoqaqys7S1tre4ubrCw8TFxsfIycrS09TV\
            1tfY2drh4uPk5ebn6Onq8fLz9PX29/j5+v/aAA4EQwBNAFkASwAAPwD1j/g4j/5jv/bT+tesf8REf/U8/wDkz/8AXr9DK/Vyv//Z
            """,
        pixels: """
            19ekvtekpNekitekc9ekWdekP9ekJtek176kvr6kpL6kir6kc76kWb6kP76kJr6k16WkvqWkpKWkiqWkc6WkWaWkP6WkJqWk14uk\
            voukpIukioukc4ukWYukP4ukJouk13KkvnKkpHKkinKkc3KkWXKkP3KkJnKk11mkvlmkpFmkilmkc1mkWVmkP1mkJlmk1z+kvj+k\
            pD+kij+kcz+kWT+kPz+kJj+k1yakviakpCakiiakcyakWSakPyakJiak
            """)

    static let plainCMYKJPEG = ReferenceFile(
        width: 8, height: 8,
        file: """
            /9j/2wBDAAIBAQEBAQIBAQECAgICAgQDAgICAgUEBAMEBgUGBgYFBgYGBwkIBgcJBwYGCAsICQoKCgoKBggLDAsKDAkKCgr/wAAU\
            CAAIAAgEQxEATREAWREASxEA/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQID\
            AAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZn\
            aGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx\
            8vP09fb3+Pn6/9oADgRDAE0AWQBLAAA/APWP+DiP/mO/9tP616x/xER/9Tz/AOTP/wBev0Mr9XK//9k=
            """,
        pixels: """
            AAAJBQAJCQAJDgAJEwAJGAAJHAAJIQAJAAUJBQUJCQUJDgUJEwUJGAUJHAUJIQUJAAkJBQkJCQkJDgkJEwkJGAkJHAkJIQkJAA4J\
            BQ4JCQ4JDg4JEw4JGA4JHA4JIQ4JABMJBRMJCRMJDhMJExMJGBMJHBMJIRMJABgJBRgJCRgJDhgJExgJGBgJHBgJIRgJABwJBRwJ\
            CRwJDhwJExwJGBwJHBwJIRwJACEJBSEJCSEJDiEJEyEJGCEJHCEJISEJ
            """)

    static let losslessWebP = ReferenceFile(
        width: 16, height: 12,
        file: """
            UklGRjQAAABXRUJQVlA4TCgAAAAvD8ACALmM6H/sIqL/AQUBC0FrQf+y3BNgIgYwhAQJVpcgpcQ75vtC
            """,
        pixels: """
            AACAEQCAIgCAMwCARACAVQCAZgCAdwCAiACAmQCAqgCAuwCAzACA3QCA7gCA/wCAABeAEReAIheAMxeARBeAVReAZheAdxeAiBeA\
            mReAqheAuxeAzBeA3ReA7heA/xeAAC6AES6AIi6AMy6ARC6AVS6AZi6Ady6AiC6AmS6Aqi6Auy6AzC6A3S6A7i6A/y6AAEWAEUWA\
            IkWAM0WAREWAVUWAZkWAd0WAiEWAmUWAqkWAu0WAzEWA3UWA7kWA/0WAAFyAEVyAIlyAM1yARFyAVVyAZlyAd1yAiFyAmVyAqlyA\
            u1yAzFyA3VyA7lyA/1yAAHOAEXOAInOAM3OARHOAVXOAZnOAd3OAiHOAmXOAqnOAu3OAzHOA3XOA7nOA/3OAAIuAEYuAIouAM4uA\
            RIuAVYuAZouAd4uAiIuAmYuAqouAu4uAzIuA3YuA7ouA/4uAAKKAEaKAIqKAM6KARKKAVaKAZqKAd6KAiKKAmaKAqqKAu6KAzKKA\
            3aKA7qKA/6KAALmAEbmAIrmAM7mARLmAVbmAZrmAd7mAiLmAmbmAqrmAu7mAzLmA3bmA7rmA/7mAANCAEdCAItCAM9CARNCAVdCA\
            ZtCAd9CAiNCAmdCAqtCAu9CAzNCA3dCA7tCA/9CAAOeAEeeAIueAM+eAROeAVeeAZueAd+eAiOeAmeeAqueAu+eAzOeA3eeA7ueA\
            /+eAAP+AEf+AIv+AM/+ARP+AVf+AZv+Ad/+AiP+Amf+Aqv+Au/+AzP+A3f+A7v+A//+A
            """)

    static let alphaWebP = ReferenceFile(
        width: 4, height: 2,
        file: """
            UklGRi4AAABXRUJQVlA4TCIAAAAvA0AAED8gEEj8zYIZY4jxGK0hSaqHQICMLWjRokVE/wMb
            """,
        pixels: """
            ////3/ToyOTQuc65s7OitZKLv2tz0z5c
            """)

    static let lossyWebP = ReferenceFile(
        width: 16, height: 12,
        file: """
            UklGRloAAABXRUJQVlA4IE4AAADwAQCdASoQAAwAAUAmJbACdHMAA4/ruqAA/v10fkniYpQVUEZGcq+Bgyws/wOGbiIL98cK98PI\
            +65xPf/6WGcT3/+5T0U8G0zRTwUQAAA=
            """,
        pixels: """
            AAd3CAp7Ggx8LQ18Pwl2Uwh2ZQt3dQx4fQh4jAh7oAt9sQt8xQh32Qd36wp49g56ARV8DBl/HhuAMRp/QxZ5VhZ5aBh6dxp8gRV8\
            jxV+oxmAthh/yhZ83RZ77xl8+ht9BSyBDy+BITGCNTGCRyx+Wi18bDB9ezGBhSyBlSyBpzCDui+Czi2B4Cx98i9+/jKCAUB9DEKA\
            H0WBMUV+Q0F7WEF6akN7eUV9g0B9kUCApESCtkN+ykF93UB870J9+kZ+BFx+D2CCIWKDNWKDRl99Wl59bGF+fGKCiWGDl2GGqmWI\
            vWSG0F+B4V9/82GA/2SEAnB7DXR/H3aBMHZ+Q3F4VXJ4Z3R7eHV9hXOAlHSBp3eFunaCzHJ83nF68HN9/Hd/BoeAEImCIoyDNIyD\
            R4h9WYl9a4t+fIyCiYuDmIuGq46Ivo2H0ImB4oiA9IqA/42EBJp8D5x/IZ+ANJ9/RJx6WJt5a556ep9+h56Al56CqqGEvKGDzpx9\
            4Zt88519/qGBCbV/FLeAJ7uCOLqBSbd7Xbd7b7l8f7qAjLmDnLmEr7yGwLyE07d/5rZ9+Lh+/7yCBcl+EMx+Is5/NM5/Rct5Wct3\
            a816e89+iM2BmM2Cq9GEvdCDz8x94st69M19/9CAA+GCD+WDIeeEMueDReJ9V+N7aeV+euaCiOSFluWGqemIvOeHzeSB4ON98uWA\
            /eiEBfGGEfSKJPeLNfaHR/KCW/KCbvSCffaGivSKmvOMrfeOv/eLz/OF4vKE9PSF//iJ
            """)

}

/// `referencePicture` of one size resized to another.
struct ReferenceResize: Sendable {
    let from: (width: Int, height: Int)
    let to: (width: Int, height: Int)
    let filter: String
    let pixels: String

    static let all = [
        ReferenceResize(
            from: (23, 17), to: (7, 5), filter: "bilinear",
            pixels: """
                RzgAoVcAXnIAmnUpYHzilmT/bnz/aFcAoJ0AZIIAooQFXoCQnXf+V4D/jHEAgYEAdoIAkXwAbncvmH3gW4r/p3UAZoMAlHsAaXgA\
                jIAEenyGd378rHwAYoQApXIAXoMAnIIAXnYtl4vh
                """),
        ReferenceResize(
            from: (23, 17), to: (7, 5), filter: "bicubic",
            pixels: """
                PTMArVIAVnQAoXUlWn3wml3/cXz/ZVEAqagAW4MArYUAVIKTpnj/UIT/kHMAgIMAdYIAlnwAaXYfn37vU4r/rnUAXoUAmXsAZHUA\
                kIAAeX2JdH3/sXsAWIUAr3EAVIUApYMAVHMfnY7r
                """),
        ReferenceResize(
            from: (23, 17), to: (7, 5), filter: "lanczos",
            pixels: """
                ODAAslACU3UAonMkV331mlr9dX3+Zk8Ara0AWYYEsIYAUYOUqHn/Tof7lnQAfIYAc30CmX0BZ3UZpH/1TYj+snMAWoYAm30AYHID\
                kYAAfH6Jb3z/snsAWIcAsm8AUoUCqIABUXQanpDs
                """),
        ReferenceResize(
            from: (9, 7), to: (13, 12), filter: "bilinear",
            pixels: """
                ACgAFCgALigARygAYSgAeigAlCgAriixxyj/zSj/Nij/FCj/KCj/BCgAGCoAMisASy0AZS8AfjEAmDMAsjRvyzbE0Tj/Ojr/GDz/\
                LD3/CygAHywAOTEAUjQAbDkAhT4An0MAuUgH0kxp2FH/QVX/H1r/M17/ESgAJS4APzUAWD0AckQAi0sApVMAv1sA2GJi3mr/R3H/\
                JXj/OX7/FygAKzAARToAXkUAeE8AkVkAq2QAxW4A3nhW5ILiTY34K5f/P5//HigAMjIATD8AZUwAf1oAmGYAsnQAzIEA5Y4d65tZ\
                VKjVMrb/RsD/JCgAODQAUkQAa1QAhWQAnnQAuIQA0pQAz6QArLQUScTEOLL/TJb/KygAPzcAWUkAclwAjG8ApYIAv5UA2acAnLoA\
                Kc0ULODEP4v/UyH/MSgARTkAX04AeGQAknoAq5AAxaUA37oAltAAEt0LK6FqRVzAWSL/NygASzsAZVMAfmwAmIUAsZ0Ay7UA5c0A\
                nOEAGOEAMU8ASy92X0L/PigAUj4AbFkAhXQAn48AuKoA0sYA7OEAo78AH3AAOEkAUk52ZmP/QigAVj8AcFwAiXkAo5YAvLMA1tAA\
                8O0Ap6gAIycAPEQAVmF2anj/
                """),
        ReferenceResize(
            from: (9, 7), to: (13, 12), filter: "bicubic",
            pixels: """
                ACgAECgALScARicAYCcAeSYAkyYArSXK0iX/1CX/KCT/BiT/KST/AigAFCkAMSsASiwAZC0AfS4AlzAAsTF/1jPK2DT/LDX/Cjf/\
                LTj/CSgAHCsAOTEAUjQAbDkAhT4An0MAuUgF3kxf4FH/NFX/Elv/NV7/DycAIi0APzUAWD0AckQAi0sApVMAv1sA5GJY5mr/OnH/\
                GHr/O3//FScAKC4ARToAXkUAeE8AkVkAq2QAxW4A63hT7oLrQY37Hpn/QaL/HCcALzEATD8AZUwAf1oAmGYAsnQAyoEA+I4X/5tI\
                S6fcJMD/SNT/IicANTMAUkQAa1QAhWQAnnQAuIQA15QA3qQAurUAQM/TL7v/Tp//KSYAPDUAWUkAclwAjG8ApYIAv5UA6acAn7oA\
                GM4LJPraQIv/VQ//LyYAQjYAX04AeGQAknoAq5AAxaUA8rkAltsAAO8HI6tzSUzEWwz/NSYASDgAZVMAfmwAmIUAsZ0Ay7UA984A\
                o+8AD+wALEAATiB4YUX/PSUAUDoAbVkAhnUAoJEAua0A08gA/fAAq8YAF2QANDkAVkt2aWv/QSUAVDsAcV0AinoApJcAvbUA19IA\
                //8Ar6oAGw8AOD8AWmp7bX//
                """),
        ReferenceResize(
            from: (9, 7), to: (13, 12), filter: "lanczos",
            pixels: """
                ACgADigALicARycAYCcJeSYAkyYApSXP3SX/0iX7KiT9ACT/MCT/AigAEikAMioASywAZCwFfS4Bly8AqTCA4THL1jL5LjT9AjX9\
                NDb/CCgAGSsAOTEAUjUAazkAhD4DnkMAsEcH6Exh3VD9NVX/CFr5O13/DycAIS0AQTYAWj4Ac0UAjE0EplUAuV0A7GRS3mz/O3T/\
                EHn4Qnv/FScAJi4ARjsAX0QAeE8AkVkDq2MAvG4F+XdX8oHpRIr6FJv5SKf+HCcALTAATUEAZk0Af1oAmGcBsnQAwIII/5AZ/5tK\
                UJ7TGML6UOD6IicAMzIAU0UAbFUAhWQAnXMAuIQA1JUJ5J8AtrIAPtnWKsD/U5v3KSYAOjQAWksAc10AjHAAooEAv5UA8qkJn7IA\
                F80HG//ZR4z/VRH3LiYAPzUAX1AAeGQAkXkAp44AxKMA/7IEjeQEAP8OE7h1UzrIWgD7NiYARzcAZ1UAgG0AmYUAr5wAzLUA/8cA\
                ovoED+gAIkAAVhh+Yk7/PSYATjkAblwAh3YAoJIAtqoA08kA/+4Aq8sEGF8AKioAXkt3aXT/QSYAUjkAcl8Ai3oApJcAurAA19IA\
                //8AraIEGAQALTgHYnqFbX3/
                """),
        ReferenceResize(
            from: (23, 17), to: (23, 4), filter: "bilinear",
            pixels: """
                FigAOzYAYEQAhVMAqmEAz28AyH0AGX0APm0AY3sAiIkArWgA0ncrnIWkHIXxQZP/ZmL/i1L/sGD/1W7/n3z/H3z/RIr/QCgAZVEA\
                inoAr6MA05wAnpkAN4gAQ4AAaHcAjYIAsn8A1pMAoXIAJ30FRnY6a3KkkIXttY3/2Vz/aYX/Kp7/SWv/bpP/cCgAlW8AurYA2ZMA\
                X1YAKocATpgAc3UAmHcAvX4AyYUAYnkALXEAUWUAdpkAm3QCwIkvzI2VZVPmL5r/VHL/eYL/no//migAv4oA5MEAZE4ALq8AU20A\
                eIEAnW8AwmMA53wAOJUAMYkAVmcAe3sAoIQAxYwAv4QAO24ANEgtWaqafpT/o23/yJT/
                """),
        ReferenceResize(
            from: (23, 17), to: (23, 4), filter: "bicubic",
            pixels: """
                EygAODQAXUAAgkwAp14A1m8A0nwAFnwAO2sAYHsAhYwAqmQA2XMvoYOsGYT/PpT/Y2L/iE//rWD/3Wz/pHr/HH//QYv/QCgAZVEA\
                inkAr6wA3aMAn5kALY0AQ4IAaHgAjYMAtH0A4JQAonYAHYIARnY1a2+mkIb6t47/413/aob/IKX/SWr/bpH/cCgAlW8AursA45MA\
                XksAIIgATJUAc3cAmHkAvX0A04QAYXsAI3AAUV0AdpoAm3QAxYon1pCUZFTwJZz/VGv/eYL/npH/nSgAwowA58EAX0gAJ7YAVm8A\
                e4AAoGwAxWEA6nsALpcAKogAWWUAfoEAo4MAyIwAvoUAMWwALUcfXKuSgZb/pm7/y5T/
                """),
        ReferenceResize(
            from: (23, 17), to: (23, 4), filter: "lanczos",
            pixels: """
                EigANzMAXD8AgUYAol8A3XQA1H4AFXoAOmcAX3oAg4wApWIA4HIxooWuGIH/PZT/YmX/hkv7qGD+5Wv/pXn/G33/QIn/PygAZFAA\
                iXcArLQA5aUAoJcAKpIAQoYAZ3oAjIUAtX8A6JYAo3cAF4QARXk1anKnjoT/uI7/613/a4b8Gqj/SG3/bZL/cSgAlnAAu8AA6ZMA\
                XUYAGIcAS44AdHkAmXoAvn0A1oIAYHkAG3ECVFgCd5oAnHEAyYok2ZOTY1TzHJz/V2j/eoH/n5P/nigAw40A6MAAXkIAILkAW3QA\
                fYIAoWkAxmAA63oALJcAI4gAXmQAf4QApIEDyYsEvYgAL2oAJkYcYauQgpf/p2z/zJT/
                """),
        ReferenceResize(
            from: (9, 7), to: (3, 10), filter: "bilinear",
            pixels: """
                LigAlChVWij/NC0Amjc2YELtPDMAokscaGPfQzoAqV8cb4XfSz8AsXIKd6a1U0UAr4YAaLCfW0sApZkAR6OaYlIArK0AToBYalgA\
                tLQAVm1AcF0AurQAXGRA
                """),
        ReferenceResize(
            from: (9, 7), to: (3, 10), filter: "bicubic",
            pixels: """
                JigAmSZaXCX/LCsAnzU0Yj/0NTEAqEsSa2XrPDcAr18WcoftRDwAuXIHf666TUEAtogAa7ihWEYAqqAAQKCgX0sAsrUASIFaaFMA\
                u7wAUmlBblkAwboAWF9H
                """),
        ReferenceResize(
            from: (9, 7), to: (3, 10), filter: "lanczos",
            pixels: """
                ICgAnyZcXSX/JisApTQ0Yz31LzEArkwLbGfxNzYAtV8Tc4fxPToCwXEHhLG6ST0Du4kAa7ukV0ADraYAPqCjXkMDs70AQ4NeZ1AD\
                v8AAU2hAbVgDxLwAV15M
                """),
        ReferenceResize(
            from: (40, 3), to: (1, 1), filter: "bilinear",
            pixels: """
                fWZ1
                """),
        ReferenceResize(
            from: (40, 3), to: (1, 1), filter: "bicubic",
            pixels: """
                fGR2
                """),
        ReferenceResize(
            from: (40, 3), to: (1, 1), filter: "lanczos",
            pixels: """
                fGN2
                """),
    ]
}
