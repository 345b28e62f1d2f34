"""Words that mean the same ask in the eleven languages: what one language has learnt, the others have as well.

A word ending in * stands for everything that begins so. Chinese and Japanese entries are looked for inside a run of
characters, since those languages write no spaces.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

# Said or left out, they change nothing of what is asked; a reading must not depend on manners.
POLITE = frozenset(
    [
        "please",
        "pls",
        "plz",
        "kindly",
        "thanks",
        "bitte",
        "por",
        "favor",
        "s'il",
        "vous",
        "te",
        "plaît",
        "plait",
        "svp",
        "stp",
        "пожалуйста",
        "плиз",
        "בבקשה",
        "אנא",
        "من",
        "فضلك",
        "لطفا",
        "رجاء",
        "请",
        "請",
        "麻烦",
        "お願いします",
        "ください",
        "कृपया",
        "प्लीज",
    ]
)

CONCEPTS: Mapping[str, str] = {
    "write": "write compose draft wrte כתוב כתבי תכתוב תכתבי לכתוב כתבו נסח נסחי תנסח לנסח escrib* redact* écri* "
    "rédig* redig* schreib* verfass* напиши* написать составь составить напишите اكتب اكتبي كتابة صغ escrev* "
    "लिख* लिखो लिखें 写一 写封 写个 撰写 帮我写 起草 書いて 作成して 書きたい",
    "translate": "localise localize transliterat* interpret subtitles "
    "translat* תרגם תרגמי תתרגם לתרגם תרגום תרגמו traduc* traduz* tradui* tradução übersetz* "
    "перевед* перевод* переведи ترجم* ترجمة अनुवाद अनुवादित 翻译 翻譯 译成 译为 翻訳 訳して",
    "language": "icelandic norwegian danish finnish czech hungarian romanian bulgarian serbian croatian greek persian farsi urdu bengali tamil telugu marathi gujarati punjabi swahili yiddish vietnamese thai indonesian tagalog esperanto catalan welsh irish yoruba amharic "
    "english french spanish german russian arabic chinese japanese portuguese hindi hebrew italian "
    "korean dutch polish turkish mandarin latin greek swedish ukrainian אנגלית צרפתית ספרדית גרמנית רוסית ערבית "
    "סינית יפנית עברית איטלקית inglés francés español alemán ruso árabe anglais français espagnol allemand russe "
    "arabe englisch* französisch* spanisch* deutsch* russisch* английск* французск* испанск* немецк* русск* "
    "الإنجليزية الفرنسية الإسبانية الألمانية العربية الروسية inglês francês espanhol alemão अंग्रेज़ी अंग्रेजी हिंदी फ्रेंच "
    "英文 英语 法语 法文 德语 西班牙语 日语 中文 俄语 英語 フランス語 日本語 ドイツ語 スペイン語 中国語",
    "summarise": "tl;dr gist takeaway takeaways nutshell highlights overview boil digest shortened abridge outline keypoints bullets summary summaries הסיכום בקצרה עיקרי עיקרים נקודות resumen resumo zusammenfassung kernpunkte stichpunkte краткое суть тезисы выжимк* خلاصة मुख्य निचोड़ 大意 要旨 ポイント "
    "summar* tldr condense recap synops* gist סכם סכמי תסכם לסכם סיכום תמצת תמצית תקציר resum* "
    "résum* zusammenfass* fasse kurzfassung пересказ* резюмир* обобщи суммируй кратко لخص لخصي تلخيص ملخص "
    "सारांश संक्षेप 总结 摘要 概括 归纳 要約 まとめて 要点",
    "edit": "reword wording rephrase improve clearer crisper nicer tighten typo typos spelling mistakes punctuation proof tidy clean-up wordy clunky smoother trim cut blunt ניסוח שגיאות לקצר ortografía errores orthographe fautes rechtschreibung tippfehler fehler ошибки орфографи* опечатк* إملائي أخطاء erros ortografia गलतियाँ वर्तनी 错别字 病句 誤字 "
    "rewrite rephras* proofread* polish paraphras* reword improv* fix correct* edit revise shorten simplify "
    "grammar rewrit* שכתב שכתבי תשכתב תקן תקני תתקן לתקן שפר שפרי תשפר קצר תקצר ערוך הגה ניסוח mejora* correg* "
    "reescrib* acort* corrig* réécri* reformul* amélior* raccourci* verbesser* umformulier* korrigier* kürz* "
    "korrektur исправ* перепиши* переформулир* улучши* сократи* отредактир* صحح أعد صياغة حسن اختصر reescrev* "
    "melhor* encurt* सुधार* ठीक संपादित 润色 修改 改写 改成 校对 缩短 修正 添削 直して 書き直 言い換え 推敲",
    "tone": "bossy polite rude blunt harsh gentle friendly diplomatic assertive tactful angry less aggressive apologetic אסרטיבי עדין diplomático diplomatique freundlich freundlicher дружелюбн* деликатн* ودي amigável "
    "formal informal friendlier politer professional* tone casual warmer concise softer wording רשמי מנומס "
    "ידידותי formel* höflich* förmlich* lockerer cortés amable вежлив* формальн* официальн* رسمي مهذب औपचारिक विनम्र "
    "正式 礼貌 语气 丁寧 口調 敬語",
    "extract": "extract* pull identify pick find חלץ חלצי תחלץ הוצא תוציא לחלץ שלוף extra* extrai* extrah* "
    "extrahier* извлек* извлечь выдели выпиши استخرج استخراج निकाल* 提取 抽取 找出 抽出 取り出",
    "classify": "classif* categori* label sort group tag rank sentiment positive negative neutral סווג סווגי תסווג "
    "מיין תמיין למיין קטלג clasific* orden* classe* trie* tri einordne* sortier* ordne klassifi* классифиц* "
    "отсортир* сортируй распредели صنف رتب تصنيف वर्गीकृत छाँट* 分类 分類 归类 排序 仕分け 並べ替え",
    "table": "table json csv yaml xml spreadsheet column* row* bullet* tabla tableau tabelle tabela таблиц* טבלה "
    "לטבלה כטבלה جدول तालिका 表格 列表 表にして 一覧",
    "explain": "explain* describe elaborate clarify הסבר הסבירי תסביר תסבירי להסביר תאר explic* expliqu* erklär* "
    "объясни* расскажи опиши اشرح شرح وضح समझा* बताइए बताओ 解释 解釋 说明 介绍 説明 教えて",
    "question": "what who where when which whose מה מי איפה מתי איזה איזו qué quién dónde cuándo cuál quel* qui où "
    "quand quoi was wer wo wann welche* что кто где когда какой какая какие ما ماذا من أين متى أي o que quem onde "
    "quando qual क्या कौन कहाँ कब कौनसा 什么 谁 哪里 哪个 何 誰 どこ いつ どの",
    "why": "why למה מדוע porqué pourquoi warum wieso weshalb почему зачем لماذا ليه porque क्यों 为什么 為什麼 なぜ どうして",
    "how": "how איך כיצד cómo comment wie как كيف como कैसे 怎么 如何 怎样 どうやって どう",
    "quantity": "many much כמה cuánto* cuanto* combien wieviel wieviele сколько كم quantos quantas कितना कितने कितनी "
    "多少 几个 几天 いくつ いくら 何個 何人",
    "difference": "difference* differ compare comparison versus vs contrast הבדל ההבדל השווה השוואה diferencia* "
    "différence* compar* unterschied* vergleich* разниц* отличи* сравни* الفرق قارن مقارنة diferença* अंतर तुलना "
    "区别 比较 对比 違い 比較",
    "mean": "mean means meaning definition define משמעות פירוש הגדרה significa signifie bedeutet bedeutung значит "
    "означает معنى يعني मतलब अर्थ 意思 含义 意味",
    "calculate": "calculate calculat* compute solve evaluate simplify factor differentiate integrate חשב חשבי תחשב "
    "לחשב פתור פתרי תפתור calcul* resuelv* résou* résoud* berechn* rechne löse вычисли* посчитай реши* рассчит* "
    "احسب حل أوجد resolv* गणना हल 计算 求解 解方程 求 計算 解いて",
    "maths": "calculus linear algebra eigenvalue* determinant vector vectors converge* continuous prime primes divisor multiple remainder modulo logarithm exponent* quadratic cubic root roots variance deviation distribution binomial poisson regression hypothesis dice coin cards permutation* combination* combinatori* cube cylinder sphere angle angles degrees hypotenuse slope tangent sine cosine km mph liters litres kg grams meters miles cents dollars discount vat margin loan compound speed distance ratio proportion profit salary שיעור ריבית מהירות מרחק סכום ממוצע velocidad distancia promedio suma interés vitesse distance moyenne somme geschwindigkeit summe mittelwert zins скорость расстояние сумма среднее سرعة مسافة متوسط فائدة velocidade média soma juros ब्याज औसत गति दूरी योग 速度 距离 平均 利息 总和 速さ 平均 距離 合計 割引 "
    "equation* integral derivative probability percent* fraction* triangle circle area perimeter polynomial "
    "matrix theorem sqrt modulo divisible prime integer* sum average mean median interest radius volume algebra "
    "arithmetic משוואה הסתברות אחוז אחוזים משולש שטח נגזרת אינטגרל ecuación derivada probabilidad porcentaje "
    "équation dérivée probabilité pourcentage gleichung wahrscheinlichkeit prozent ableitung уравнени* вероятност* "
    "процент* производн* معادلة احتمال نسبة مشتقة equação porcentagem समीकरण प्रायिकता प्रतिशत 方程 概率 百分 面积 积分 導関数 "
    "確率 面積 方程式 パーセント",
    "prove": "prove proof show הוכח הוכיחי תוכיח הוכחה demuestr* demostr* démontr* prouv* beweis* докажи* "
    "доказат* أثبت برهن prove सिद्ध 证明 證明 証明",
    "code": "code python javascript typescript java sql html css bash regex api function script c++ rust golang "
    "kotlin swift php ruby docker kubernetes git react django flask query algorithm compile debug bug exception "
    "traceback array loop json pandas numpy npm linux nginx postgres mysql mongodb backend frontend refactor unit "
    "קוד פונקציה סקריפט תוכנית באג פייתון שאילתה código función fonction funktion программ* функци* скрипт* код "
    "برنامج دالة كود função कोड फ़ंक्शन प्रोग्राम 代码 函数 程序 脚本 报错 コード 関数 スクリプト プログラム",
    "tech": "excel vlookup xlookup spreadsheet sheets pivot macro vba formula libreoffice raspberry arduino esp32 esphome yaml toml "
    "ini config wordpress plugin css flexbox tailwind svelte vue angular next.js nextjs node nodejs deno fastapi "
    "laravel kafka redis rabbitmq elasticsearch clickhouse snowflake terraform ansible kubernetes kubectl helm "
    " compose dockerfile systemd ssh scp rsync cron crontab grep awk sed chmod sudo apt brew pip conda venv "
    "pytest junit jest webpack vite babel eslint prettier tsconfig enum struct pointer segfault nullpointer nullpointerexception "
    "typeerror valueerror keyerror indexerror syntaxerror attributeerror importerror stackoverflow async await callback "
    " mutex deadlock goroutine lambda decorator iterator recursion recursive memoization hashmap "
    " stack queue endpoint webhook oauth jwt cors http https localhost dns nginx apache ssl tls certificate "
    "smtp spf dkim api sdk cli ide vscode vim neovim nvim emacs intellij android ios xcode gradle maven kotlin swiftui flutter dart "
    "unity unreal godot shader opengl cuda gpu tensor pytorch tensorflow sklearn scikit numpy pandas dataframe matplotlib jupyter "
    "notebook orm django sqlalchemy schema postgres postgresql "
    "sqlite mariadb commit merge rebase repo repository github gitlab jenkins ci deploy "
    "homeassistant automation openscad gcode latex markdown html xml json csv parser parse regex lookahead "
    "selenium playwright scraper crawler telegram discord אקסל נוסחה שגיאה גיט ריאקט דוקר excel-formel formule macro makro "
    "формула эксель ошибка скрипт база запрос エクセル 数式 関数 エラー 报错 公式 表格公式 脚本 数据库 接口 部署 كود اكسل دالة معادلة",
    "implement": "implement program build develop debug refactor deploy install configure parse optimize optimise ממש "
    "תממש implementa* programme programa* implementier* programmier* реализуй* реализова* نفذ برمج 实现 编写 実装",
    "email": "email mail e-mail letter memo message reply invitation newsletter announcement מייל אימייל מכתב הודעה "
    "correo carta courriel lettre brief nachricht письмо письма بريد رسالة خطاب e-mails ईमेल पत्र 邮件 信 メール 手紙",
    "document": "pitch slogan rubric template flyer leaflet notice obituary résumé memoir thesis abstract outline headline paragraph essay article blog report speech review cv resume cover bio biography post proposal paragraph ad "
    "advertisement press release brochure headline description toast statement מאמר חיבור נאום דוח קורות פוסט ביקורת "
    "ensayo artículo informe discurso reseña dissertation rapport discours aufsatz artikel bericht rede lebenslauf "
    "эссе стать* отчет отчёт речь резюме отзыв مقال تقرير سيرة redação artigo relatório निबंध लेख भाषण रिपोर्ट 文章 报告 "
    "演讲 作文 简历 論文 レポート 記事 スピーチ",
    "story": "story stories tale novel fiction plot chapter scene screenplay dialogue protagonist fairy fable "
    "monologue fanfic סיפור סיפורון אגדה עלילה סצנה cuento historia relato histoire conte récit nouvelle geschichte "
    "märchen erzählung рассказ* сказк* истори* قصة حكاية مشهد conto história कहानी 故事 小说 童话 物語 小説 お話",
    "poem": "poem poems poetry haiku limerick sonnet lyrics song rap verse ballad rhyme ode joke jokes pun puns שיר "
    "בית חרוזים בדיחה המנון poema verso canción chiste poème chanson blague gedicht lied witz стих* песн* шутк* "
    "анекдот قصيدة شعر أغنية نكتة canção piada कविता गीत चुटकुला शायरी 诗 歌词 笑话 俳句 詩 歌詞 ジョーク 川柳",
    "pretend": " you're youre playing character characters scene simulate interviewer patient customer dungeon master npc tavern תהיה תהיי שחקן sei seien bist eres serás sois seja будь стань كن बनो 请你当 君は あなたは になって 演じ "
    "act pretend roleplay role-play imagine persona embody simulate impersonate role character תעמיד "
    "דמיין דמייני שחק תשחק העמד תפקיד actúa actua finge imagina fais joue imagine spiel stell rolle verhalte "
    "представь притвор* сыграй веди роль تظاهر تخيل تصرف دور aja finja नाटक अभिनय कल्पना 扮演 假装 你是一 你现在是 "
    "想象 なりきって 演じて 役 ふりを",
    "ideas": "inspiration options alternatives recommendations suggestions slogan slogans hobbies surprise decorations podcasts restaurants הפתעה מסיבה ספרים סרטים regalo fiesta películas libros cadeaux fête livres bücher filme spiele подарки книги фильмы праздник كتب أفلام حفلة livros filmes festa किताबें फिल्में पार्टी उपहार 书 电影 派对 本 映画 名前 "
    "ideas idea brainstorm suggest* recommend* names name gift* activities tips options הצע תציע רעיון "
    "רעיונות המלץ המלצות המלצה הצעות שמות מתנה ideas sugier* recomiend* idées suggèr* propose* recommand* cadeau "
    "ideen vorschlag vorschläge schlag empfiehl geschenk* идеи идей предложи* посоветуй* подарок порекоменду* "
    "اقترح أفكار أفكارا هدية ideias sugira recomend* सुझाव सुझाओ आइडिया 想法 建议 推荐 主意 礼物 点子 アイデア 提案 おすすめ "
    "プレゼント",
    "plan": "plan itinerary schedule roadmap timetable routine meal menu trip vacation lesson workout curriculum "
    "agenda checklist תוכנית תכנן תכנני לתכנן מסלול טיול תפריט לוח planea* planific* viaje itinerario menú "
    "planifi* voyage itinéraire semaine reise planen wochenplan speiseplan маршрут* спланир* поездк* меню "
    "расписани* план خطة رحلة جدول برنامج viagem roteiro cardápio योजना यात्रा 计划 行程 规划 方案 旅行 計画 献立 旅程 予定",
    "reason": "logic puzzle deduce infer conclude conclusion premise therefore argument fallacy liar truth "
    "knights knaves implies analyse analyze analysis evaluate assess weigh tradeoff* critique decide consequences "
    "חידה היגיון נתח תנתח ניתוח מסקנה טיעון acertijo lógica analiza deduc* énigme logique analys* rätsel logik "
    "analysier* schlussfolger* загадк* логик* логическ* анализ* проанализир* لغز منطق حلل تحليل استنتج enigma "
    "analise पहेली तर्क विश्लेषण 推理 逻辑 分析 谜题 推论 論理 分析 パズル 推論 なぞなぞ",
    "decide": "should better worth choose pros cons dilemma כדאי עדיף יתרונות חסרונות debería mejor ventajas "
    "devrais mieux avantages sollte besser vorteile стоит лучше плюсы هل الأفضل devo melhor बेहतर फायदे 应该 利弊 优缺点 "
    "べき メリット",
    "greet": "hi hello hey yo morning night goodnight thank thanks thx bye welcome היי הי שלום תודה בוקר לילה ערב "
    "hola gracias buenos buenas adiós salut bonjour merci bonsoir coucou hallo danke guten moin привет спасибо "
    "здравствуй* доброе добрый пока مرحبا شكرا صباح مساء السلام أهلا olá oi obrigado obrigada bom नमस्ते धन्यवाद हाय "
    "你好 谢谢 早上好 晚安 嗨 こんにちは ありがとう おはよう おやすみ やあ",
    "feel": "feel feeling sad happy tired lonely bored stressed anxious miss love hate upset excited nervous angry "
    "מרגיש מרגישה עצוב עצובה עייף עייפה לבד משעמם אוהב siento triste cansad* solo aburrid* fatigué* seul* ennuie "
    "fühle müde traurig einsam langweil* грустно устал* скучно одинок* أشعر حزين متعب ملل sinto cansad* sozinh* "
    "उदास थक* अकेला बोर 难过 累 无聊 开心 孤独 心情 疲れ 寂しい 悲しい 暇 嬉しい",
    "assistant": "alarm timer remind reminder weather play volume turn call battery flight traffic restaurant uber "
    "balance תזכיר תזכורת מזג שעון alarma recuérdame clima alarme rappelle météo wecker erinnere wetter будильник "
    "напомни погод* منبه ذكرني طقس lembre tempo अलार्म मौसम 闹钟 提醒 天气 アラーム 天気 タイマー",
    "change": "shorter longer again another more less instead now same continue simpler different next קצר ארוך שוב "
    "עוד יותר פחות עכשיו תמשיך otra más menos ahora corto encore plus moins maintenant kürzer länger nochmal mehr "
    "jetzt weiter короче длиннее еще ещё теперь продолжай أقصر أطول الآن مرة أكثر mais menos agora छोटा लंबा और अब "
    "更短 再 短一点 继续 现在 もっと 短く 続けて 次は",
    "text": "text paragraph passage following below sentence* article transcript notes minutes טקסט פסקה הבא הבאה "
    "למטה משפט texto párrafo siguiente texte suivant paragraphe folgende* absatz satz текст* следующ* абзац النص "
    "التالي الفقرة seguinte parágrafo अनुच्छेद निम्नलिखित 以下 下面 这段 文本 次の 以下の この文",
    "riddle": "riddle brainteaser חידה חידת acertijo adivinanza énigme devinette rätsel загадк* لغز enigma charada पहेली 谜语 なぞなぞ",
    "recipe": "recipe cook dinner lunch breakfast cocktail מתכון ארוחת receta recette rezept рецепт* وصفة receita रेसिपी व्यंजन 食谱 菜谱 レシピ",
    "family": "brother sister father mother uncle cousin son daughter married אח אחות אבא אמא hermano hermana frère sœur bruder schwester брат сестра أخ أخت irmão irmã भाई बहन 兄弟 姐妹 兄 妹",
    "order": "taller older younger left right north south east west row house houses seated knight sits גבוה מבוגר ימין שמאל izquierda derecha gauche droite links rechts слева справа",
    "yesno": "true false yes no output label option correct choose select נכון לא correcto falso vrai faux richtig falsch верно неверно",
    "stakes": "contract lawsuit legal lawyer tax medication dosage dose diagnosis symptoms surgery pregnant allergy "
    "mortgage invest* investment visa court liability production patient חוזה תביעה משפטי מס תרופה רופא contrato "
    "demanda impuesto médic* contrat impôt médicament vertrag steuer medikament* договор* налог* лекарств* عقد ضريبة "
    "دواء imposto remédio अनुबंध कर दवा 合同 法律 药 税 契約 薬 税金",
}


def _entries() -> Iterator[tuple[str, str]]:
    for concept, words in CONCEPTS.items():
        for word in words.split():
            yield word, concept


_WHOLE = {word: concept for word, concept in reversed(list(_entries())) if not word.endswith("*")}
_STEMS = {word[:-1]: concept for word, concept in reversed(list(_entries())) if word.endswith("*")}
_INSIDE = {word: concept for word, concept in reversed(list(_entries())) if word[0] > "\u2e80"}
# Hebrew and Arabic write "and", "the", "to", "in" onto the word.
_PREFIXES = (
    "ו",
    "ה",
    "ל",
    "ב",
    "כ",
    "מ",
    "ש",
    "ול",
    "וה",
    "לה",
    "שה",
    "وال",
    "بال",
    "ال",
    "و",
    "ب",
    "ل",
    "ف",
)
# A known word of so many letters is still known with a letter left out, doubled or swapped with the next.
MISTYPED_LETTERS = 6
_SHORTENED = {
    word[:at] + word[at + 1 :]: concept
    for word, concept in _WHOLE.items()
    if len(word) >= MISTYPED_LETTERS and word[0] < "\u2e80"
    for at in range(len(word))
}
_SHORTENED_STEMS = {
    stem[:at] + stem[at + 1 :]: concept
    for stem, concept in _STEMS.items()
    if len(stem) >= MISTYPED_LETTERS
    for at in range(1, len(stem))
}
_SPACELESS_PART = re.compile(
    "|".join(re.escape(word) for word in sorted(_INSIDE, key=len, reverse=True))
    + r"|[\u2e80-\u9fff\uf900-\ufaff]{1,2}|[^\u2e80-\u9fff\uf900-\ufaff]+"
)


def is_spaceless(word: str) -> bool:
    """Whether the word is of a script without spaces between words (Chinese, Japanese)."""
    return any("\u2e80" < letter < "\ua000" or "\uf900" <= letter < "\ufb00" for letter in word)


def parts_of(run: str) -> list[str]:
    """A run of Chinese or Japanese cut into known words, pairs of characters, and words of other scripts."""
    return _SPACELESS_PART.findall(run)


@lru_cache(maxsize=32768)
def concept_of(word: str) -> str | None:
    """The concept that a lower-case word stands for, typing errors forgiven."""
    found = _exact(word)
    if found is None and word[0] > "\u0590":
        for prefix in _PREFIXES:
            if word.startswith(prefix) and len(word) - len(prefix) > 2:
                found = found or _exact(word[len(prefix) :])
    if found is None and len(word) >= MISTYPED_LETTERS - 1:
        found = _mistyped(word)
    return found


def _exact(word: str) -> str | None:
    if word in _WHOLE:
        return _WHOLE[word]
    for length in range(len(word), 3, -1):
        if word[:length] in _STEMS:
            return _STEMS[word[:length]]
    return None


def _mistyped(word: str) -> str | None:
    if word in _SHORTENED:
        return _SHORTENED[word]
    for length in range(len(word), MISTYPED_LETTERS - 2, -1):
        if word[:length] in _SHORTENED_STEMS:
            return _SHORTENED_STEMS[word[:length]]
    for at in range(len(word) - 1):
        if word[at] == word[at + 1]:
            found = _exact(word[:at] + word[at + 1 :])
        else:
            found = _exact(word[:at] + word[at + 1] + word[at] + word[at + 2 :])
        if found:
            return found
    return None
