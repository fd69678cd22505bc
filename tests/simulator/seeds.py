"""The payloads of the four documents in `seeds/`, as they stand there."""

from typing import Any

Json = dict[str, Any]

UAZAPI: Json = {
    "delayMin": 3,
    "delayMax": 6,
    "info": "teste avançado",
    "scheduled_for": 1,
    "messages": [
        {"number": "5511999999999", "type": "text", "text": "First message"},
        {
            "number": "5511999999999",
            "type": "button",
            "text": "Promoção Especial!\nConfira nossas ofertas incríveis",
            "footerText": "Válido até 31/12/2024",
            "imageButton": "https://exemplo.com/banner-promocao.jpg",
            "choices": [
                "Ver Ofertas|https://loja.exemplo.com/ofertas",
                "Falar com Vendedor|reply:vendedor",
                "Copiar Cupom|copy:PROMO2024",
            ],
        },
        {
            "number": "5511999999999",
            "type": "list",
            "text": "Escolha sua categoria preferida:",
            "listButton": "Ver Categorias",
            "choices": [
                "[Eletrônicos]",
                "Smartphones|eletronicos_smartphones",
                "Notebooks|eletronicos_notebooks",
                "[Roupas]",
                "Camisetas|roupas_camisetas",
                "Sapatos|roupas_sapatos",
            ],
        },
        {
            "number": "5511999999999",
            "type": "document",
            "file": "https://example.com/doc.pdf",
            "docName": "Documento.pdf",
        },
        {
            "number": "5511999999999",
            "type": "carousel",
            "text": "Conheça nossos produtos",
            "choices": [
                "[Smartphone XYZ\nO mais avançado smartphone da linha]",
                "{https://exemplo.com/produto1.jpg}",
                "Copiar Código|copy:PROD123",
                "Ver no Site|https://exemplo.com/xyz",
                "[Notebook ABC\nO notebook ideal para profissionais]",
                "{https://exemplo.com/produto2.jpg}",
                "Copiar Código|copy:NOTE456",
                "Comprar Online|https://exemplo.com/abc",
            ],
        },
    ],
}

# the fields of the seed's request, its placeholders filled in
KINBOX: Json = {
    "name": "Campanha c-1.1",
    "channelId": "canal-1",
    "operatorName": "Ana",
    "businessHoursId": "bh-1",
    "channelType": "1",
    "leadType": "file",
    "message": "Olá {{name}}",
    "textRaw": "Olá {{name}}",
    "assetsUrls": [],
    "chunksCount": 1,
    "secondsBetweenMessages": 3,
    "secondsBetweenChunks": 60,
    "chunkSize": 123,
    "template": {},
}
# the fields that the seed's 201 answers
KINBOX_ANSWER = {
    *("id", "_id", "name", "channelId", "operatorId", "operatorName", "businessHoursId", "channelType", "leadType"),
    *("scheduledTo", "nextScheduledTo", "originalScheduledTo", "finishedAtPrediction", "leadsAssetUrl", "message"),
    *("textRaw", "assetsUrls", "active", "shouldCreateConversation", "status", "chunksCount", "leadsCount"),
    *("secondsBetweenMessages", "secondsBetweenChunks", "trackAllChannels", "trackMaxHours", "chunkSize", "template"),
    *("progress", "resultCounts", "messagesProcessed", "lastMessageProcessedAt", "healthCheckData", "workspaceId"),
    *("createdAt", "lastUpdateAt", "updatedAt"),
}

BUILDER: Json = {
    "_id": "5eb7cf5a86d9755df3a6c593",
    "organization": "string",
    "scheduled_date": "string",
    "campaign_name": "string",
    "status": "not_started",
    "bot_name": "string",
    "creation_date": "2019-08-24T14:15:22Z",
    "description": "string",
    "name": "string",
    "file": "string",
    "content": "string",
    "sheet_values": ["phone,name,message", '5511988876204,Ana,"Olá, Ana"', "5511988876205,Rui,Olá"],
    "log_file": "string",
}

CPC: Json = {
    "campaign": "Campanha teste",
    "idAccount": "1234",
    "tag": "emp1",
    "messages": [
        {
            "phone": "5511988876204",
            "idMessage": 1234,
            "clientId": "",
            "contract": "1091757",
            "closeTicket": True,
            "specialistCode": "admin",
            "mainTemplate": "Olá, seu contrato BV está disponível para negociação. Inicie seu atendimento",
        }
    ],
}
